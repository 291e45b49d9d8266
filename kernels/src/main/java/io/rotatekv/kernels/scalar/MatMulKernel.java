package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.tensor.Matrix;

/** Each output is one chain of fused multiply-adds, over the columns in ascending order. */
final class MatMulKernel implements MatMul {

  private static final int ROWS_PER_TASK = 16;

  private final Team team;

  MatMulKernel(Team team) {
    this.team = team;
  }

  @Override
  public void multiply(Matrix w, float[] x, int n, float[] y) {
    w.checkProduct(x, n, y);
    team.run(
        Math.ceilDiv(w.rows(), ROWS_PER_TASK),
        task -> {
          float[] weights = new float[w.columns()];
          int first = task * ROWS_PER_TASK;
          int end = Math.min(first + ROWS_PER_TASK, w.rows());
          for (int row = first; row < end; row++) {
            Dequantizer.row(w, row, weights, 0);
            for (int i = 0; i < n; i++) {
              y[i * w.rows() + row] = dot(weights, x, i * w.columns());
            }
          }
        });
  }

  @Override
  public void row(Matrix w, int row, float[] out, int offset) {
    Dequantizer.row(w, row, out, offset);
  }

  private static float dot(float[] weights, float[] x, int offset) {
    float sum = 0;
    for (int k = 0; k < weights.length; k++) {
      sum = Math.fma(weights[k], x[offset + k], sum);
    }
    return sum;
  }
}
