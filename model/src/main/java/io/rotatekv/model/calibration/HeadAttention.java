package io.rotatekv.model.calibration;

import io.rotatekv.model.engine.cpu.LayerWindow;
import java.util.Arrays;

/** Attention of single queries over one KV head of a window, weights and outputs. */
final class HeadAttention {

  private final LayerWindow window;
  private final float[] keys;
  private final float sinkThreshold;
  private final int width;
  private final int offset;
  private final int headDim;
  private final float[] weights;
  private final float[] output;
  private final float[] distance;

  /**
   * A KV head.
   *
   * @param keys after RoPE, {@code (tokens, kvDim)}
   */
  HeadAttention(LayerWindow window, float[] keys, float sinkThreshold, int kvHead) {
    this.window = window;
    this.keys = keys;
    this.sinkThreshold = sinkThreshold;
    width = window.shape().kvDim();
    headDim = window.shape().headDim();
    offset = kvHead * headDim;
    weights = new float[window.tokens()];
    output = new float[headDim];
    distance = new float[headDim];
  }

  /**
   * Attends to all tokens up to {@code position}.
   *
   * @param head the query head, of {@code heads}
   * @param row its row of the window's queries
   * @return the largest weight of a token that is no sink
   */
  float attend(int heads, int head, int row, int position) {
    int query = (row * heads + head) * headDim;
    float largest = Float.NEGATIVE_INFINITY;
    for (int token = 0; token <= position; token++) {
      float score = 0;
      for (int i = 0, at = token * width + offset; i < headDim; i++) {
        score += window.queries()[query + i] * keys[at + i];
      }
      weights[token] = score;
      largest = Math.max(largest, score);
    }
    double sum = 0;
    for (int token = 0; token <= position; token++) {
      weights[token] = (float) Math.exp(weights[token] - largest);
      sum += weights[token];
    }
    Arrays.fill(output, 0);
    float most = 0;
    for (int token = 0; token <= position; token++) {
      float weight = (float) (weights[token] / sum);
      for (int i = 0, at = token * width + offset; i < headDim; i++) {
        output[i] += weight * window.values()[at + i];
      }
      weights[token] = window.peaks()[token] > sinkThreshold ? 0 : weight;
      most = Math.max(most, weights[token]);
    }
    return most;
  }

  /** The weight of a token; 0 for sinks. */
  float weight(int token) {
    return weights[token];
  }

  /**
   * {@code (v - o)^T G (v - o)}: how far a token's value v would move the output o.
   *
   * @param g {@code (headDim, headDim)}
   */
  float effect(float[] g, int token) {
    for (int i = 0, at = token * width + offset; i < headDim; i++) {
      distance[i] = window.values()[at + i] - output[i];
    }
    float sum = 0;
    for (int i = 0; i < headDim; i++) {
      float row = 0;
      for (int j = 0; j < headDim; j++) {
        row += g[i * headDim + j] * distance[j];
      }
      sum += row * distance[i];
    }
    return sum;
  }
}
