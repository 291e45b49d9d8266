package io.rotatekv.kernels.ops;

/** Rotary position embedding; channel i of a head pairs with channel {@code i + headDim / 2}. */
public interface Rope {

  /**
   * Rotates the heads of one token in place.
   *
   * @param x {@code (heads, headDim)} from {@code offset} on
   * @param position the token's position from 0
   */
  void rotate(float[] x, int offset, int heads, int position, RopeTable table);

  /**
   * Rotates a channel-major tile of 64 tokens in place.
   *
   * @param tile {@code (heads, headDim, 64)}
   * @param block the block's index in the sequence; its first token has position 64 * block
   */
  void rotateTile(float[] tile, int heads, int block, RopeTable table);
}
