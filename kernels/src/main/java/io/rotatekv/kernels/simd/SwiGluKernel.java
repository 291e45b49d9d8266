package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.SwiGlu;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@code silu(x) = x / (1 + exp(-x))}; a tail runs through the same operations under a mask. */
final class SwiGluKernel implements SwiGlu {

  /** Elements of a task; a decode step's single row stays in the caller. */
  private static final int TASK_ELEMENTS = 1 << 14;

  private final Team team;

  SwiGluKernel(Team team) {
    this.team = team;
  }

  @Override
  public void apply(float[] gate, float[] up, int count) {
    if (count <= TASK_ELEMENTS) {
      apply(gate, up, 0, count);
      return;
    }
    team.run(
        Math.ceilDiv(count, TASK_ELEMENTS),
        task -> {
          int from = task * TASK_ELEMENTS;
          apply(gate, up, from, Math.min(count, from + TASK_ELEMENTS));
        });
  }

  private static void apply(float[] gate, float[] up, int from, int to) {
    int whole = from + FLOATS.loopBound(to - from);
    for (int i = from; i < whole; i += LANES) {
      FloatVector g = FloatVector.fromArray(FLOATS, gate, i);
      FloatVector u = FloatVector.fromArray(FLOATS, up, i);
      g.div(Exp.exp(g.neg()).add(1)).mul(u).intoArray(gate, i);
    }
    if (whole < to) {
      VectorMask<Float> rest = FLOATS.indexInRange(whole, to);
      FloatVector g = FloatVector.fromArray(FLOATS, gate, whole, rest);
      FloatVector u = FloatVector.fromArray(FLOATS, up, whole, rest);
      g.div(Exp.exp(g.neg()).add(1)).mul(u).intoArray(gate, whole, rest);
    }
  }
}
