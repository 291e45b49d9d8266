package io.rotatekv.model.engine;

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

  /** Limits of sequences of {@code maxContext} tokens that can be computed in one chunk. */
  public static EngineLimits whole(int maxContext) {
    int blocks = Math.ceilDiv(maxContext, BlockCodec.BLOCK_TOKENS);
    return new EngineLimits(maxContext, blocks * BlockCodec.BLOCK_TOKENS);
  }

  /**
   * Refuses a step that a model of {@code vocabulary} tokens cannot run within these bounds.
   *
   * @throws IllegalArgumentException naming the bound or the token
   */
  public void require(Step step, int vocabulary) {
    int length = step.sequence().length() + step.tokens().length;
    if (length > maxContext) {
      throw new IllegalArgumentException(
          "the sequence would hold %d tokens, but the context is limited to %d"
              .formatted(length, maxContext));
    }
    for (int token : step.tokens()) {
      if (token < 0 || token >= vocabulary) {
        throw new IllegalArgumentException(
            "token %d is not in the vocabulary of %d".formatted(token, vocabulary));
      }
    }
  }
}
