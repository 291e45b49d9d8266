package io.rotatekv.kernels.codec;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

/**
 * Cosines and sines of rotary position embedding (Su et al. 2021) at the places of a block. Codecs
 * that centre turn a key by them before its rotation, as if its block were the first of the
 * sequence. Attention then needs no RoPE between the rotation and the products: it turns each query
 * back by the position of the block's first token, which is the same for all of its keys. A block
 * stays a function of its tokens wherever it stands.
 *
 * <p>FP32 numbers of FP64 functions that round alike on every machine, so that all nodes have the
 * same.
 */
public final class BlockRope {

  /** For codecs that store keys as they are before RoPE. */
  public static final BlockRope NONE = new BlockRope(new double[0]);

  private final int pairs;
  private final float[] cos; // (pair, 64)
  private final float[] sin;

  /**
   * Tabulates the places of a block.
   *
   * @param inverseFrequencies radians per position of each pair {@code (i, i + headDim / 2)},
   *     scaling for long contexts included
   */
  public BlockRope(double[] inverseFrequencies) {
    pairs = inverseFrequencies.length;
    cos = new float[pairs * BLOCK_TOKENS];
    sin = new float[pairs * BLOCK_TOKENS];
    for (int at = 0; at < cos.length; at++) {
      double angle = at % BLOCK_TOKENS * inverseFrequencies[at / BLOCK_TOKENS];
      cos[at] = (float) StrictMath.cos(angle);
      sin[at] = (float) StrictMath.sin(angle);
    }
  }

  /** Pairs of channels, half the head dimension; 0 for {@link #NONE}. */
  public int pairs() {
    return pairs;
  }

  /** Cosines by {@code (pair, token of the block)}; not to be changed. */
  public float[] cos() {
    return cos;
  }

  /** Sines by {@code (pair, token of the block)}; not to be changed. */
  public float[] sin() {
    return sin;
  }
}
