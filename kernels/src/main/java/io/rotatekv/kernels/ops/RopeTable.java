package io.rotatekv.kernels.ops;

import io.rotatekv.kernels.codec.BlockCodec;

/**
 * Cosines and sines of rotary position embedding (Su et al. 2021), in two orders: by position, to
 * rotate one token's row; and by block, to rotate a channel-major tile of 64 tokens.
 */
public final class RopeTable {

  private final int pairs;
  private final float[] cos; // (position, pair)
  private final float[] sin;
  private final float[] tileCos; // (block, pair, 64)
  private final float[] tileSin;

  /**
   * @param inverseFrequencies radians per position of each pair {@code (i, i + headDim / 2)},
   *     scaling for long contexts included
   * @param positions how many positions to tabulate, rounded up to whole blocks
   */
  public RopeTable(double[] inverseFrequencies, int positions) {
    pairs = inverseFrequencies.length;
    int blocks = Math.ceilDiv(positions, BlockCodec.BLOCK_TOKENS);
    int size = blocks * BlockCodec.BLOCK_TOKENS * pairs;
    cos = new float[size];
    sin = new float[size];
    tileCos = new float[size];
    tileSin = new float[size];
    for (int position = 0; position < blocks * BlockCodec.BLOCK_TOKENS; position++) {
      int block = position / BlockCodec.BLOCK_TOKENS;
      int token = position % BlockCodec.BLOCK_TOKENS;
      for (int pair = 0; pair < pairs; pair++) {
        double angle = position * inverseFrequencies[pair];
        int row = position * pairs + pair;
        int tile = (block * pairs + pair) * BlockCodec.BLOCK_TOKENS + token;
        cos[row] = tileCos[tile] = (float) Math.cos(angle);
        sin[row] = tileSin[tile] = (float) Math.sin(angle);
      }
    }
  }

  /** Pairs of channels, half the head dimension. */
  public int pairs() {
    return pairs;
  }

  /** Cosines by {@code (position, pair)}; not to be changed. */
  public float[] cos() {
    return cos;
  }

  /** Sines by {@code (position, pair)}; not to be changed. */
  public float[] sin() {
    return sin;
  }

  /** Cosines by {@code (block, pair, token)}; not to be changed. */
  public float[] tileCos() {
    return tileCos;
  }

  /** Sines by {@code (block, pair, token)}; not to be changed. */
  public float[] tileSin() {
    return tileSin;
  }
}
