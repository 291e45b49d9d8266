package io.rotatekv.eval.gpu;

/**
 * A model on the GPU, some sequences at a time.
 *
 * @param model its shape
 * @param codec of the KV cache
 * @param limitGib device memory that it may take, in GiB; 0 for all
 * @param batch sequences
 * @param input prompt tokens of each
 * @param prefillTokS prompt tokens per second, one sequence after the other
 * @param decodeMs median time of a step that gives each sequence one token, by the host's clock
 * @param decodeTokS tokens per second of all sequences
 * @param peakGib device memory taken, in GiB
 */
public record ModelRow(
    String bench,
    String model,
    String codec,
    int limitGib,
    int batch,
    int input,
    double prefillTokS,
    double decodeMs,
    double decodeTokS,
    double peakGib) {}
