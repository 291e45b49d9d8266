package io.rotatekv.model.engine;

import java.util.Arrays;
import java.util.stream.IntStream;

/** The logarithm of the softmax probability of one token. */
public final class LogProbability {

  /**
   * Logits that one task sums up. The cut does not depend on the machine, so sums do not either; at
   * some 5 ns for an exponential, a task takes ten times as long as handing it over.
   */
  private static final int TASK = 8192;

  private LogProbability() {}

  /**
   * Natural logarithm of the probability of {@code token}.
   *
   * @param logits {@code (vocabulary)} from {@code offset} on
   */
  public static double of(float[] logits, int offset, int vocabulary, int token) {
    return logits[offset + token] - normalizer(logits, offset, vocabulary);
  }

  /**
   * What a logit exceeds the logarithm of its probability by: the logarithm of the sum of the
   * logits' exponentials. Large vocabularies are summed up by the common pool: where a GPU computes
   * the logits, this is what takes the time.
   *
   * @param logits {@code (vocabulary)} from {@code offset} on
   */
  public static double normalizer(float[] logits, int offset, int vocabulary) {
    int end = offset + vocabulary;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = offset; i < end; i++) {
      max = Math.max(max, logits[i]);
    }
    float most = max;
    double[] sums =
        IntStream.range(0, Math.ceilDiv(vocabulary, TASK))
            .parallel()
            .mapToDouble(task -> {
              int from = offset + task * TASK;
              return exponentials(logits, from, Math.min(end, from + TASK), most);
            })
            .toArray();
    return max + Math.log(Arrays.stream(sums).sum());
  }

  private static double exponentials(float[] logits, int from, int to, float max) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.exp(logits[i] - max);
    }
    return sum;
  }
}
