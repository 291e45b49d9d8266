package io.rotatekv.model.engine;

/** The logarithm of the softmax probability of one token. */
public final class LogProbability {

  private LogProbability() {}

  /**
   * Natural logarithm of the probability of {@code token}.
   *
   * @param logits {@code (vocabulary)} from {@code offset} on
   */
  public static double of(float[] logits, int offset, int vocabulary, int token) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = offset; i < offset + vocabulary; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = offset; i < offset + vocabulary; i++) {
      sum += Math.exp(logits[i] - max);
    }
    return logits[offset + token] - max - Math.log(sum);
  }
}
