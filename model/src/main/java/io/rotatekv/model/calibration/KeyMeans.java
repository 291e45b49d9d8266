package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.KvShape;

/** Sums the rotated keys of one layer, per channel. */
final class KeyMeans {

  private final KeyRotation rotation;
  private final double[] sum;
  private final float[] row;
  private long tokens;

  KeyMeans(KvShape shape) {
    rotation = new KeyRotation(shape);
    sum = new double[shape.kvDim()];
    row = new float[shape.kvDim()];
  }

  /** Adds keys before RoPE, {@code (rows, kvDim)}. */
  void add(float[] keys, int rows) {
    for (int r = 0; r < rows; r++) {
      System.arraycopy(keys, r * row.length, row, 0, row.length);
      rotation.rotate(row);
      for (int channel = 0; channel < row.length; channel++) {
        sum[channel] += row[channel];
      }
    }
    tokens += rows;
  }

  /** Mean per channel, {@code (kvDim)}. */
  float[] mean() {
    float[] mean = new float[sum.length];
    for (int channel = 0; channel < sum.length; channel++) {
      mean[channel] = (float) (sum[channel] / tokens);
    }
    return mean;
  }
}
