package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.KvShape;

/**
 * One layer's keys and values of all tokens of a sequence, in FP16 precision, and what methods that
 * weigh tokens need to know of them.
 *
 * @param layer the layer, from 0
 * @param shape the model's KV cache
 * @param tokens tokens of the sequence
 * @param keys keys before RoPE, {@code (tokens, kvDim)}
 * @param values values, {@code (tokens, kvDim)}
 * @param peaks largest |entry| of each token's hidden state entering the layer, {@code (tokens)}
 * @param queries queries of the newest tokens, at least one and as many as came since the last time
 *     the sequence was stored, after RoPE and divided by sqrt(headDim): {@code (rows, queryDim)}
 * @param queryRows rows of {@code queries}; the first belongs to token {@code tokens - queryRows}
 * @param rope applies RoPE
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle that methods read, never compared.
public record LayerWindow(
    int layer,
    KvShape shape,
    int tokens,
    float[] keys,
    float[] values,
    float[] peaks,
    float[] queries,
    int queryRows,
    KeyRope rope) {

  /** RoPE over the keys of tokens from position 0 on. */
  @FunctionalInterface
  public interface KeyRope {

    /** Rotates {@code (tokens, kvDim)} in place. */
    void rotate(float[] keys, int tokens);
  }

  /** A copy of keys of this window, {@code (tokens, kvDim)}, after RoPE. */
  public float[] rotated(float[] beforeRope) {
    float[] rotated = beforeRope.clone();
    rope.rotate(rotated, tokens);
    return rotated;
  }

  /** Numbers in keys and values together. */
  public long elements() {
    return 2L * tokens * shape.kvDim();
  }
}
