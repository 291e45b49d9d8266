package io.rotatekv.eval.methods;

import java.util.Arrays;

/**
 * What KVQuant calibrates for one layer (Hooper et al. 2024, arXiv 2401.18079, sections 3.3 and
 * 3.4).
 *
 * @param low key outliers of a channel lie below this, {@code (kvDim)}
 * @param high or above this
 * @param keys levels of keys, normalized to [-1, 1] between the two
 * @param values levels of values, normalized to [-1, 1] between the extremes of a token
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by the method, never compared.
record KvQuantLayer(float[] low, float[] high, Levels keys, Levels values) {

  /** Every so manieth token of the sample places levels: they are few and fit well with less. */
  private static final int STRIDE = 4;

  /**
   * Calibrates a layer. An error counts in the tensor's own units: levels minimize the squared
   * error of keys and values, the k-means of the paper with equal sensitivities.
   *
   * @param keySample keys before RoPE, {@code (tokens, width)}
   * @param outliers share of outliers
   */
  static KvQuantLayer calibrate(
      float[] keySample, float[] valueSample, int width, int bits, double outliers) {
    int tokens = keySample.length / width;
    float[] low = new float[width];
    float[] high = new float[width];
    float[] channel = new float[tokens];
    for (int c = 0; c < width; c++) {
      for (int token = 0; token < tokens; token++) {
        channel[token] = keySample[token * width + c];
      }
      Arrays.sort(channel);
      int each = (int) Math.round(tokens * outliers / 2);
      low[c] = channel[each];
      high[c] = channel[tokens - 1 - each];
    }
    Samples keys = new Samples(tokens / STRIDE * width);
    Samples values = new Samples(tokens / STRIDE * width);
    for (int token = 0; token + STRIDE <= tokens; token += STRIDE) {
      for (int c = 0; c < width; c++) {
        keys.add(keySample[token * width + c], low[c], high[c]);
      }
      float[] row = Arrays.copyOfRange(valueSample, token * width, (token + 1) * width);
      KvQuant.TokenRange range = KvQuant.TokenRange.of(row, 0, width, outliers);
      for (float value : row) {
        values.add(value, range.low(), range.high());
      }
    }
    return new KvQuantLayer(low, high, keys.fit(1 << bits), values.fit(1 << bits));
  }

  /** Inliers, normalized, and the squares of their ranges. */
  private static final class Samples {

    private final float[] normalized;
    private final float[] weights;
    private int count;

    Samples(int capacity) {
      normalized = new float[capacity];
      weights = new float[capacity];
    }

    void add(float x, float low, float high) {
      float half = (high - low) / 2;
      if (x >= low && x <= high && half > 0) {
        normalized[count] = (x - low) / half - 1;
        weights[count] = half * half;
        count++;
      }
    }

    Levels fit(int levels) {
      return Levels.fit(Arrays.copyOf(normalized, count), Arrays.copyOf(weights, count), levels);
    }
  }
}
