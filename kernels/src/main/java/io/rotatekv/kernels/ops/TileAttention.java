package io.rotatekv.kernels.ops;

/**
 * Attention of the queries that share one KV head over one tile of at most 64 tokens, folded into a
 * running softmax (Milakov and Gimelshein 2018). Tiles are folded in the order of the context, so a
 * result does not depend on the number of threads.
 */
public interface TileAttention {

  /**
   * Folds one tile into the running state of {@code queries} queries.
   *
   * @param q queries after RoPE, already multiplied by {@code 1 / sqrt(headDim)}: {@code (queries,
   *     headDim)} from {@code qOffset} on
   * @param keys keys after RoPE, channel-major: {@code (headDim, 64)} from {@code keyOffset} on
   * @param values {@code (64, valueStride)}; the head's channels start at {@code valueOffset}
   * @param visible how many of the tile's tokens may be attended to, 1 to 64; the others may hold
   *     anything
   * @param state per query the running maximum and the running sum: {@code (queries, 2)} from
   *     {@code stateOffset} on; starts as (negative infinity, 0)
   * @param out per query the weighted sum of values, not yet divided: {@code (queries, headDim)}
   *     from {@code outOffset} on; starts as 0
   */
  void fold(
      float[] q,
      int qOffset,
      int queries,
      int headDim,
      float[] keys,
      int keyOffset,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible,
      float[] state,
      int stateOffset,
      float[] out,
      int outOffset);
}
