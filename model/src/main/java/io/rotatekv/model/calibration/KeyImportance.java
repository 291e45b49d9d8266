package io.rotatekv.model.calibration;

import io.rotatekv.model.ModelConfig;

/**
 * What an error of a key costs in one layer: a query q at distance t turns an error e of a key
 * before RoPE into an error {@code (R(t) q) . e} of a score, so over all queries its mean square is
 * {@code e^T C e} with {@code C = E[(R(t) q)(R(t) q)^T]}, per KV head. Averaged over distances up
 * to {@link #DISTANCES}, which leaves little of the products of channels that turn at different
 * speeds.
 */
final class KeyImportance {

  /** Distances that queries are taken at, all equally often. */
  private static final int DISTANCES = 1024;

  /** Prime, so that all distances come up. */
  private static final int DISTANCE_STEP = 389;

  /** One token in this many is enough. */
  private static final int TOKEN_STEP = 4;

  private final int heads;
  private final int headDim;
  private final int queriesPerKv;
  private final double[] inverseFrequencies;
  private final double[] sums; // (kvHeads, headDim (headDim + 1) / 2), lower triangles
  private final double[] turned;
  private long sample;

  KeyImportance(ModelConfig config) {
    heads = config.heads();
    headDim = config.headDim();
    queriesPerKv = heads / config.kvHeads();
    inverseFrequencies = config.rope().inverseFrequencies();
    sums = new double[config.kvHeads() * (headDim * (headDim + 1) / 2)];
    turned = new double[headDim];
  }

  /** Adds queries before RoPE, {@code (rows, heads, headDim)}. */
  void add(float[] queries, int rows) {
    for (int row = 0; row < rows; row += TOKEN_STEP) {
      int distance = (int) (sample++ * DISTANCE_STEP % DISTANCES);
      for (int head = 0; head < heads; head++) {
        turn(queries, (row * heads + head) * headDim, distance);
        accumulate(head / queriesPerKv);
      }
    }
  }

  private void turn(float[] query, int at, int distance) {
    int pairs = headDim / 2;
    for (int i = 0; i < pairs; i++) {
      double cos = Math.cos(distance * inverseFrequencies[i]);
      double sin = Math.sin(distance * inverseFrequencies[i]);
      turned[i] = query[at + i] * cos - query[at + pairs + i] * sin;
      turned[pairs + i] = query[at + i] * sin + query[at + pairs + i] * cos;
    }
  }

  private void accumulate(int kvHead) {
    int at = kvHead * (headDim * (headDim + 1) / 2);
    for (int i = 0; i < headDim; i++) {
      for (int j = 0; j <= i; j++) {
        sums[at++] += turned[i] * turned[j];
      }
    }
  }

  /**
   * Lower triangles of C, by row, {@code (kvHeads, headDim (headDim + 1) / 2)}, times what makes
   * the largest element 1 (feedback knows no scale) and rounded to FP16, as artifacts keep them.
   */
  float[] importance() {
    double largest = 0;
    for (double sum : sums) {
      largest = Math.max(largest, Math.abs(sum));
    }
    float[] importance = new float[sums.length];
    for (int i = 0; i < sums.length && largest > 0; i++) {
      importance[i] = Float.float16ToFloat(Float.floatToFloat16((float) (sums[i] / largest)));
    }
    return importance;
  }
}
