package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockRope;

/**
 * The importance of key errors, averaged over the places of a block. An error of a key that was
 * turned by R for its place costs {@code (R^-1 e)^T C R^-1 e}, C the importance before RoPE, so the
 * errors of one block together are weighed by the mean of {@code R C R^T}. In FP64, in one order.
 */
final class PlaceAverage {

  private PlaceAverage() {}

  /**
   * The average for one head.
   *
   * @param importance lower triangles by row
   * @param at where the head's begins
   * @return the whole symmetric matrix, {@code (headDim, headDim)}
   */
  static double[][] of(float[] importance, int at, BlockRope rope) {
    int pairs = rope.pairs();
    double[][] before = symmetric(importance, at, 2 * pairs);
    double[][] average = new double[2 * pairs][2 * pairs];
    for (int i = 0; i < pairs; i++) {
      for (int j = 0; j <= i; j++) {
        averageOfPairs(i, j, before, rope, average);
      }
    }
    return average;
  }

  private static double[][] symmetric(float[] triangle, int at, int size) {
    double[][] whole = new double[size][size];
    int next = at;
    for (int i = 0; i < size; i++) {
      for (int j = 0; j <= i; j++) {
        whole[i][j] = triangle[next++];
        whole[j][i] = whole[i][j];
      }
    }
    return whole;
  }

  /** The two rows of pair i in the two columns of pair j, and their mirror image. */
  private static void averageOfPairs(int i, int j, double[][] c, BlockRope rope, double[][] to) {
    int pairs = rope.pairs();
    double lowLow = 0;
    double lowHigh = 0;
    double highLow = 0;
    double highHigh = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      double cosI = rope.cos()[i * BLOCK_TOKENS + token];
      double sinI = rope.sin()[i * BLOCK_TOKENS + token];
      double cosJ = rope.cos()[j * BLOCK_TOKENS + token];
      double sinJ = rope.sin()[j * BLOCK_TOKENS + token];
      double low = c[i][j] * cosI - c[i + pairs][j] * sinI;
      double lowOther = c[i][j + pairs] * cosI - c[i + pairs][j + pairs] * sinI;
      double high = c[i + pairs][j] * cosI + c[i][j] * sinI;
      double highOther = c[i + pairs][j + pairs] * cosI + c[i][j + pairs] * sinI;
      lowLow += low * cosJ - lowOther * sinJ;
      lowHigh += lowOther * cosJ + low * sinJ;
      highLow += high * cosJ - highOther * sinJ;
      highHigh += highOther * cosJ + high * sinJ;
    }
    set(to, i, j, lowLow / BLOCK_TOKENS);
    set(to, i, j + pairs, lowHigh / BLOCK_TOKENS);
    set(to, i + pairs, j, highLow / BLOCK_TOKENS);
    set(to, i + pairs, j + pairs, highHigh / BLOCK_TOKENS);
  }

  private static void set(double[][] to, int row, int column, double value) {
    to[row][column] = value;
    to[column][row] = value;
  }
}
