package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.ops.RmsNorm;

/** Sums squares in double precision. */
final class RmsNormKernel implements RmsNorm {

  @Override
  public void normalize(float[] x, int n, float[] weight, float epsilon, float[] out) {
    int width = weight.length;
    for (int offset = 0; offset < n * width; offset += width) {
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += (double) x[offset + i] * x[offset + i];
      }
      float scale = (float) (1 / Math.sqrt(squares / width + epsilon));
      for (int i = 0; i < width; i++) {
        out[offset + i] = x[offset + i] * scale * weight[i];
      }
    }
  }
}
