package io.rotatekv.eval.accuracy;

import io.rotatekv.model.engine.cpu.LayerWindow;

/** How much of a layer's attention each of the first tokens draws from the last queries. */
final class AttentionShare {

  /** Queries that are averaged over: the last ones, which see the most. */
  private static final int QUERIES = 64;

  private final LayerWindow window;
  private final float[] keys;

  /**
   * Attention of one layer.
   *
   * @param keys keys after RoPE, {@code (tokens, kvDim)}
   */
  AttentionShare(LayerWindow window, float[] keys) {
    this.window = window;
    this.keys = keys;
  }

  /** Mean shares of the first {@link Buckets#COUNT} tokens over queries and heads. */
  double[] perToken() {
    int headDim = window.shape().headDim();
    int heads = window.queries().length / window.queryRows() / headDim;
    int first = Math.max(0, window.queryRows() - QUERIES);
    double[] shares = new double[Math.min(Buckets.COUNT, window.tokens())];
    for (int row = first; row < window.queryRows(); row++) {
      for (int head = 0; head < heads; head++) {
        add(shares, row, head, heads);
      }
    }
    int samples = (window.queryRows() - first) * heads;
    for (int token = 0; token < shares.length; token++) {
      shares[token] = Buckets.rounded(shares[token] / samples);
    }
    return shares;
  }

  private void add(double[] shares, int row, int head, int heads) {
    int headDim = window.shape().headDim();
    int width = window.shape().kvDim();
    int kvHead = head * window.shape().kvHeads() / heads;
    int visible = window.tokens() - window.queryRows() + row + 1;
    double[] scores = new double[visible];
    double max = Double.NEGATIVE_INFINITY;
    for (int token = 0; token < visible; token++) {
      for (int i = 0; i < headDim; i++) {
        scores[token] +=
            window.queries()[(row * heads + head) * headDim + i]
                * keys[token * width + kvHead * headDim + i];
      }
      max = Math.max(max, scores[token]);
    }
    double sum = 0;
    for (int token = 0; token < visible; token++) {
      scores[token] = Math.exp(scores[token] - max);
      sum += scores[token];
    }
    for (int token = 0; token < Math.min(shares.length, visible); token++) {
      shares[token] += scores[token] / sum;
    }
  }
}
