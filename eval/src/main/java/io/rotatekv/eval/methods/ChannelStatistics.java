package io.rotatekv.eval.methods;

/** Figures of the channels of a matrix {@code (tokens, width)}. */
final class ChannelStatistics {

  private ChannelStatistics() {}

  /** Largest magnitude of each channel. */
  static float[] largest(float[] x, int width) {
    float[] largest = new float[width];
    for (int from = 0; from < x.length; from += width) {
      for (int channel = 0; channel < width; channel++) {
        largest[channel] = Math.max(largest[channel], Math.abs(x[from + channel]));
      }
    }
    return largest;
  }

  /** Mean of each channel. */
  static float[] mean(float[] x, int width) {
    double[] sum = new double[width];
    for (int from = 0; from < x.length; from += width) {
      for (int channel = 0; channel < width; channel++) {
        sum[channel] += x[from + channel];
      }
    }
    float[] mean = new float[width];
    for (int channel = 0; channel < width; channel++) {
      mean[channel] = (float) (sum[channel] * width / x.length);
    }
    return mean;
  }
}
