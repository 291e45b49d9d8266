package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.ops.SwiGlu;

/** {@code silu(x) = x / (1 + exp(-x))}. */
final class SwiGluKernel implements SwiGlu {

  @Override
  public void apply(float[] gate, float[] up, int count) {
    for (int i = 0; i < count; i++) {
      gate[i] = gate[i] / (1 + Exp.exp(-gate[i])) * up[i];
    }
  }
}
