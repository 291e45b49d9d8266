package io.rotatekv.eval.accuracy;

import java.util.Arrays;

/**
 * Squared errors of one layer, per KV head.
 *
 * @param error sums of squared differences, {@code (kvHeads)}
 * @param energy sums of squares of the exact numbers, {@code (kvHeads)}
 * @param count numbers per head
 */
@SuppressWarnings("ArrayRecordComponent") // Sums, never compared.
public record HeadErrors(double[] error, double[] energy, long count) {

  /** Between {@code (tokens, heads * headDim)} exact and reconstructed numbers. */
  static HeadErrors between(float[] exact, float[] actual, int heads, int headDim) {
    double[] error = new double[heads];
    double[] energy = new double[heads];
    for (int i = 0; i < exact.length; i++) {
      int head = i / headDim % heads;
      double difference = (double) actual[i] - exact[i];
      error[head] += difference * difference;
      energy[head] += (double) exact[i] * exact[i];
    }
    return new HeadErrors(error, energy, exact.length / heads);
  }

  HeadErrors plus(HeadErrors other) {
    double[] sums = error.clone();
    double[] energies = energy.clone();
    Arrays.setAll(sums, head -> error[head] + other.error[head]);
    Arrays.setAll(energies, head -> energy[head] + other.energy[head]);
    return new HeadErrors(sums, energies, count + other.count);
  }

  /** Mean squared error. */
  double mse() {
    return Arrays.stream(error).sum() / (count * error.length);
  }

  /** Squared error over squared norm, all heads together. */
  double relative() {
    return Arrays.stream(error).sum() / Arrays.stream(energy).sum();
  }

  /** Squared error over squared norm of each head. */
  double[] relativePerHead() {
    double[] relative = new double[error.length];
    Arrays.setAll(relative, head -> error[head] / energy[head]);
    return relative;
  }
}
