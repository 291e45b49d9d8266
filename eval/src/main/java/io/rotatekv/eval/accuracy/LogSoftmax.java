package io.rotatekv.eval.accuracy;

import io.rotatekv.model.engine.LogProbability;

/** Next-token distributions as natural logarithms of probabilities. */
final class LogSoftmax {

  private LogSoftmax() {}

  /** Turns logits into log probabilities, in place. */
  static void apply(float[] logits) {
    float norm = (float) LogProbability.normalizer(logits, 0, logits.length);
    for (int i = 0; i < logits.length; i++) {
      logits[i] -= norm;
    }
  }

  /** Kullback-Leibler divergence of {@code q} from {@code p} in nats, both as log probabilities. */
  static double divergence(float[] p, float[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.exp(p[i]) * (p[i] - q[i]);
    }
    return Math.max(0, sum);
  }

  /** The most likely token; of equal ones the one with the lowest id. */
  static int top(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }
}
