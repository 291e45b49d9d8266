package io.rotatekv.model.runtime;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a node computes with.
 *
 * @param model a known model's name, a GGUF file or a Hugging Face folder
 * @param codec name of the KV codec, such as {@code rotatekv2}
 * @param calibration the calibration artifact; null takes the one shipped for the model
 * @param attend {@code block}, {@code full} or {@code quantized}
 * @param backend {@code auto}, {@code cpu}, {@code cuda}, {@code simd} or {@code scalar}
 * @param threads compute threads; 0 takes one per processor
 * @param maxContext the most tokens of a sequence; 0 takes the model's, at most 8,192
 * @param chunkTokens the most tokens computed at a time, a multiple of 64
 */
public record RuntimeOptions(
    String model,
    String codec,
    @Nullable Path calibration,
    String attend,
    String backend,
    int threads,
    int maxContext,
    int chunkTokens) {

  /** Options for one model and codec, everything else at its default. */
  public static RuntimeOptions of(String model, String codec) {
    return new RuntimeOptions(model, codec, null, "block", "auto", 0, 0, 512);
  }
}
