package io.rotatekv.cli;

/**
 * Time to the first token of one prompt length, in milliseconds.
 *
 * @param promptTokens tokens of the prompts
 * @param localMs computed in one process
 * @param coldMs from a cluster whose prefill node computes the prompt
 * @param storedMs from a cluster whose store has the prompt
 * @param coldSpeedup {@code localMs / coldMs}
 * @param storedSpeedup {@code localMs / storedMs}
 */
record EndToEndRow(
    String bench,
    String model,
    String codec,
    String backend,
    int promptTokens,
    double localMs,
    double coldMs,
    double storedMs,
    double coldSpeedup,
    double storedSpeedup) {}
