package io.rotatekv.kernels.ops;

/** Root-mean-square layer normalization (Zhang and Sennrich 2019). */
public interface RmsNorm {

  /**
   * Normalizes rows.
   *
   * @param x inputs, {@code (n, width)} with {@code width = weight.length}
   * @param out gets the outputs, {@code (n, width)}; may be {@code x}
   */
  void normalize(float[] x, int n, float[] weight, float epsilon, float[] out);
}
