package io.rotatekv.eval.accuracy;

import java.util.Arrays;

/**
 * A mean and how sure it is.
 *
 * @param mean the mean
 * @param standardError the standard error of the mean over independent samples; NaN for one sample
 */
record Spread(double mean, double standardError) {

  /** Of samples that are independent, such as windows. */
  static Spread of(double[] samples) {
    double mean = Arrays.stream(samples).average().orElseThrow();
    double squares = Arrays.stream(samples).map(sample -> Math.pow(sample - mean, 2)).sum();
    int n = samples.length;
    return new Spread(mean, Math.sqrt(squares / (n - 1.0) / n));
  }
}
