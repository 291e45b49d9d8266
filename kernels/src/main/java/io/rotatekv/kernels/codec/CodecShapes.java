package io.rotatekv.kernels.codec;

/** The shapes that codecs work on. */
public final class CodecShapes {

  private static final int MIN_HEAD_DIM = 16;
  private static final int MAX_HEAD_DIM = 256;
  private static final int MAX_UNSIGNED_SHORT = 0xFFFF;

  private CodecShapes() {}

  /**
   * Refuses a shape that a block cannot hold.
   *
   * @throws IllegalArgumentException naming what is supported
   */
  public static void requireSupported(KvShape shape) {
    int headDim = shape.headDim();
    if (Integer.bitCount(headDim) != 1 || headDim < MIN_HEAD_DIM || headDim > MAX_HEAD_DIM) {
      throw new IllegalArgumentException(
          "head dimension %d is not a power of two from %d to %d"
              .formatted(headDim, MIN_HEAD_DIM, MAX_HEAD_DIM));
    }
    requireCount("KV heads", shape.kvHeads());
    requireCount("layers", shape.layers());
  }

  private static void requireCount(String what, int count) {
    if (count < 1 || count > MAX_UNSIGNED_SHORT) {
      throw new IllegalArgumentException(
          "%d %s; a block header holds 1 to %d".formatted(count, what, MAX_UNSIGNED_SHORT));
    }
  }
}
