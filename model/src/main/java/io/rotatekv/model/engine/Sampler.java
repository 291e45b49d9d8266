package io.rotatekv.model.engine;

import java.util.Arrays;

/** Chooses the next token from logits. */
public final class Sampler {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private Sampler() {}

  /**
   * The next token; of equal logits the one with the lower id wins.
   *
   * @param logits {@code (vocabulary)} from {@code offset} on; not changed
   * @param position position of the token that is chosen, which selects its random number
   */
  public static int sample(
      float[] logits, int offset, int vocabulary, Sampling sampling, int position) {
    return sampling.temperature() == 0f
        ? argmax(logits, offset, vocabulary)
        : draw(logits, offset, vocabulary, sampling, uniform(sampling.seed(), position));
  }

  private static int argmax(float[] logits, int offset, int vocabulary) {
    int best = 0;
    for (int id = 1; id < vocabulary; id++) {
      if (logits[offset + id] > logits[offset + best]) {
        best = id;
      }
    }
    return best;
  }

  private static int draw(
      float[] logits, int offset, int vocabulary, Sampling sampling, double uniform) {
    long[] ranked = new long[vocabulary];
    for (int id = 0; id < vocabulary; id++) {
      // Descending logits, then ascending ids, as one sortable long.
      ranked[id] = ((long) ~ordered(logits[offset + id]) << 32) | id;
    }
    Arrays.sort(ranked);
    int kept = sampling.topK() == 0 ? vocabulary : Math.min(sampling.topK(), vocabulary);
    double[] weights = new double[kept];
    double top = logits[offset + (int) ranked[0]];
    double total = 0;
    for (int i = 0; i < kept; i++) {
      weights[i] = Math.exp((logits[offset + (int) ranked[i]] - top) / sampling.temperature());
      total += weights[i];
    }
    double mass = 0;
    int nucleus = 0;
    while (nucleus < kept && mass < sampling.topP() * total) {
      mass += weights[nucleus++];
    }
    double target = uniform * mass;
    int chosen = 0;
    for (double sum = weights[0]; sum < target && chosen < nucleus - 1; sum += weights[chosen]) {
      chosen++;
    }
    return (int) ranked[chosen];
  }

  /** Bits of a float as an int that sorts as the float does. */
  private static int ordered(float value) {
    int bits = Float.floatToIntBits(value);
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  /**
   * Uniform in [0, 1): the output function of SplitMix64 (Steele et al. 2014) as a counter hash.
   */
  private static double uniform(long seed, int position) {
    long z = mix(seed + GOLDEN_GAMMA) + position * GOLDEN_GAMMA;
    return (mix(z) >>> 11) * 0x1.0p-53;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
