package io.rotatekv.kernels.ops;

/** The gated activation of LLaMA's feed-forward layer (Shazeer 2020). */
public interface SwiGlu {

  /** {@code gate[i] = silu(gate[i]) * up[i]} for the first {@code count} elements. */
  void apply(float[] gate, float[] up, int count);
}
