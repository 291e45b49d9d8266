package io.rotatekv.kernels.codec;

/**
 * The shape of a model's KV cache.
 *
 * @param layers number of transformer layers
 * @param kvHeads KV heads per layer
 * @param headDim channels per head, a power of two
 */
public record KvShape(int layers, int kvHeads, int headDim) {

  /** Largest quantization group, in channels; a smaller head dimension makes smaller groups. */
  private static final int MAX_GROUP = 128;

  /** Channels of the keys (and of the values) of one token in one layer. */
  public int kvDim() {
    return kvHeads * headDim;
  }

  /** KV heads that one key rotation mixes: the largest of 4, 3, 2, 1 that divides their number. */
  public int rotationHeads() {
    for (int heads = 4; heads > 1; heads--) {
      if (kvHeads % heads == 0) {
        return heads;
      }
    }
    return 1;
  }

  /** Order of the key rotation, {@code rotationHeads * headDim}. */
  public int rotationOrder() {
    return rotationHeads() * headDim;
  }

  /** Numbers in the lower triangles of one matrix of channels per KV head. */
  public int triangles() {
    return kvHeads * (headDim * (headDim + 1) / 2);
  }

  /** Channels that share one scale. */
  public int group() {
    return Math.min(MAX_GROUP, headDim);
  }

  /** Quantization groups of the keys (and of the values) of one token. */
  public int groups() {
    return kvDim() / group();
  }
}
