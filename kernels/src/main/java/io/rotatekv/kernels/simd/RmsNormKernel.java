package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.RmsNorm;
import jdk.incubator.vector.FloatVector;

/** Sums squares in two vectors, always in the same order. */
final class RmsNormKernel implements RmsNorm {

  /** Elements of a task; a decode step's single row stays in the caller. */
  private static final int TASK_ELEMENTS = 1 << 14;

  private final Team team;

  RmsNormKernel(Team team) {
    this.team = team;
  }

  @Override
  public void normalize(float[] x, int n, float[] weight, float epsilon, float[] out) {
    int rows = Math.max(1, TASK_ELEMENTS / weight.length);
    if (n <= rows) {
      rows(x, 0, n, weight, epsilon, out);
      return;
    }
    team.run(
        Math.ceilDiv(n, rows),
        task -> rows(x, task * rows, Math.min(n, (task + 1) * rows), weight, epsilon, out));
  }

  private static void rows(
      float[] x, int from, int to, float[] weight, float epsilon, float[] out) {
    int width = weight.length;
    for (int row = from; row < to; row++) {
      float mean = squares(x, row * width, width) / width;
      float scale = (float) (1 / Math.sqrt((double) mean + epsilon));
      scale(x, row * width, scale, weight, out);
    }
  }

  private static float squares(float[] x, int offset, int width) {
    FloatVector even = FloatVector.zero(FLOATS);
    FloatVector odd = even;
    int whole = width - width % (2 * LANES);
    for (int i = 0; i < whole; i += 2 * LANES) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, offset + i);
      FloatVector b = FloatVector.fromArray(FLOATS, x, offset + i + LANES);
      even = a.fma(a, even);
      odd = b.fma(b, odd);
    }
    float sum = Lanes.sum(even.add(odd));
    for (int i = whole; i < width; i++) {
      sum = Math.fma(x[offset + i], x[offset + i], sum);
    }
    return sum;
  }

  private static void scale(float[] x, int offset, float scale, float[] weight, float[] out) {
    int whole = FLOATS.loopBound(weight.length);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector.fromArray(FLOATS, x, offset + i)
          .mul(scale)
          .mul(FloatVector.fromArray(FLOATS, weight, i))
          .intoArray(out, offset + i);
    }
    for (int i = whole; i < weight.length; i++) {
      out[offset + i] = x[offset + i] * scale * weight[i];
    }
  }
}
