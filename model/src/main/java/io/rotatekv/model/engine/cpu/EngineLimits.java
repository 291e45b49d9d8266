package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.BlockCodec;

/**
 * The bounds on an engine's memory.
 *
 * @param maxContext the most tokens a sequence may hold
 * @param chunkTokens the most tokens computed at a time, a multiple of 64
 */
public record EngineLimits(int maxContext, int chunkTokens) {

  public EngineLimits {
    if (maxContext < 1) {
      throw new IllegalArgumentException("max-context must be positive, got " + maxContext);
    }
    if (chunkTokens < BlockCodec.BLOCK_TOKENS || chunkTokens % BlockCodec.BLOCK_TOKENS != 0) {
      throw new IllegalArgumentException(
          "chunk-tokens must be a positive multiple of 64, got " + chunkTokens);
    }
  }
}
