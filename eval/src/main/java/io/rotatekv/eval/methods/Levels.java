package io.rotatekv.eval.methods;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Non-uniform levels of a datatype, placed by weighted k-means in one dimension (Lloyd 1982).
 *
 * @param values the levels, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // A table, never compared.
record Levels(float[] values) {

  private static final int ITERATIONS = 50;

  /**
   * Fits levels to samples; without any, all levels are 0.
   *
   * @param weights what an error of each sample counts
   */
  static Levels fit(float[] samples, float[] weights, int count) {
    int[] order =
        IntStream.range(0, samples.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> samples[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int n = order.length;
    double[] mass = new double[n + 1];
    double[] moment = new double[n + 1];
    float[] sorted = new float[n];
    for (int i = 0; i < n; i++) {
      sorted[i] = samples[order[i]];
      mass[i + 1] = mass[i] + weights[order[i]];
      moment[i + 1] = moment[i] + (double) weights[order[i]] * sorted[i];
    }
    float[] levels = new float[count];
    for (int level = 0; n > 0 && level < count; level++) {
      levels[level] = sorted[(int) ((level + 0.5) * n / count)];
    }
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
      improve(levels, sorted, mass, moment);
    }
    return new Levels(levels);
  }

  private static void improve(float[] levels, float[] sorted, double[] mass, double[] moment) {
    int from = 0;
    for (int level = 0; level < levels.length; level++) {
      int to = sorted.length;
      if (level + 1 < levels.length) {
        float boundary = (levels[level] + levels[level + 1]) / 2;
        int found = Arrays.binarySearch(sorted, boundary);
        to = Math.max(from, found < 0 ? -found - 1 : found);
      }
      double weight = mass[to] - mass[from];
      if (weight > 0) {
        levels[level] = (float) ((moment[to] - moment[from]) / weight);
      }
      from = to;
    }
  }

  /** The level nearest to {@code x}. */
  float nearest(float x) {
    int at = 0;
    while (at + 1 < values.length && x > (values[at] + values[at + 1]) / 2) {
      at++;
    }
    return values[at];
  }
}
