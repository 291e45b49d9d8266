package io.rotatekv.eval.accuracy;

import java.math.BigDecimal;
import java.math.MathContext;

/** Makes long axes short enough to show: neighbouring tokens share a bucket. */
final class Buckets {

  /** Buckets that a plot of usual width can tell apart. */
  static final int COUNT = 64;

  private static final MathContext DIGITS = new MathContext(3);

  private Buckets() {}

  /** The largest of each bucket of {@code n} numbers. */
  static double[] largest(float[] numbers, int n) {
    double[] largest = new double[Math.min(COUNT, n)];
    for (int i = 0; i < n; i++) {
      int bucket = (int) ((long) i * largest.length / n);
      largest[bucket] = Math.max(largest[bucket], rounded(numbers[i]));
    }
    return largest;
  }

  /** Mean magnitudes per channel and bucket of tokens, {@code (width, buckets)}. */
  static double[][] magnitudes(float[] rows, int width) {
    int tokens = rows.length / width;
    int count = Math.min(COUNT, tokens);
    double[][] means = new double[width][count];
    int[] sizes = new int[count];
    for (int token = 0; token < tokens; token++) {
      int bucket = (int) ((long) token * count / tokens);
      sizes[bucket]++;
      for (int channel = 0; channel < width; channel++) {
        means[channel][bucket] += Math.abs(rows[token * width + channel]);
      }
    }
    for (double[] channel : means) {
      for (int bucket = 0; bucket < count; bucket++) {
        channel[bucket] = rounded(channel[bucket] / sizes[bucket]);
      }
    }
    return means;
  }

  static double rounded(double number) {
    return new BigDecimal(number).round(DIGITS).doubleValue();
  }
}
