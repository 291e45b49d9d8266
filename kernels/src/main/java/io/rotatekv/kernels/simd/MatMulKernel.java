package io.rotatekv.kernels.simd;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.tensor.Matrix;

/** Spreads the outputs over the team, as rows or as panels of rows. */
final class MatMulKernel implements MatMul {

  /** Tasks per thread: enough to even out a thread that is interrupted. */
  private static final int TASKS_PER_THREAD = 4;

  /** The fewest weights of a task of {@link MatVec}, so that its scratch memory costs little. */
  private static final int TASK_WEIGHTS = 1 << 15;

  /**
   * Panels of {@link Gemm} that share a tile of inputs: 128 KiB, a part of a second-level cache.
   */
  private static final int MAX_PANELS = 4;

  private final Team team;

  MatMulKernel(Team team) {
    this.team = team;
  }

  @Override
  public void multiply(Matrix w, float[] x, int n, float[] y) {
    w.checkProduct(x, n, y);
    if (n < BATCH_ROWS) {
      int share = Math.ceilDiv(w.rows(), team.size() * TASKS_PER_THREAD);
      int least = Math.ceilDiv(TASK_WEIGHTS, w.columns());
      int rows = Math.ceilDiv(Math.max(share, least), MatVec.ROWS) * MatVec.ROWS;
      team.run(
          Math.ceilDiv(w.rows(), rows),
          task -> MatVec.multiply(w, task * rows, Math.min((task + 1) * rows, w.rows()), x, n, y));
    } else {
      int panels = Math.ceilDiv(w.rows(), Gemm.WIDTH);
      int share = Math.clamp(panels / (team.size() * TASKS_PER_THREAD), 1, MAX_PANELS);
      team.run(
          Math.ceilDiv(panels, share),
          task -> {
            int first = task * share;
            int count = Math.min(share, panels - first);
            new Gemm(w, x, n, y).multiply(first * Gemm.WIDTH, count);
          });
    }
  }

  @Override
  public void row(Matrix w, int row, float[] out, int offset) {
    Dequantizer.unpack(w, row, 0, w.columns(), out, offset);
  }
}
