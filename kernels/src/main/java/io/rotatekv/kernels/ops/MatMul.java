package io.rotatekv.kernels.ops;

import io.rotatekv.kernels.tensor.Matrix;

/**
 * Products with a weight matrix that stays in its stored form. The result of a row does not depend
 * on how many rows there are, as long as there are at least {@link #BATCH_ROWS}, nor on the number
 * of threads: that is what makes a prompt's blocks the same however it is cut into chunks.
 */
public interface MatMul {

  /** From this many rows on, weights are unpacked once for all of them. */
  int BATCH_ROWS = 8;

  /**
   * {@code y = x W^T}.
   *
   * @param x inputs, {@code (n, columns)}
   * @param y gets the outputs, {@code (n, rows)}
   */
  void multiply(Matrix w, float[] x, int n, float[] y);

  /** Unpacks one row of {@code w} into {@code out}, {@code (columns)} from {@code offset} on. */
  void row(Matrix w, int row, float[] out, int offset);
}
