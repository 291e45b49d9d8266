package io.rotatekv.model.engine;

/**
 * How the next token is chosen. The random number depends on seed and position alone, so a request
 * repeats exactly, on whatever node and in whatever batch it runs.
 *
 * @param temperature 0 takes the most likely token
 * @param topK keeps the k most likely tokens; 0 keeps all
 * @param topP keeps the most likely tokens that together reach this probability; 1 keeps all
 * @param seed seed of the random numbers
 */
public record Sampling(float temperature, int topK, float topP, long seed) {

  public static final Sampling GREEDY = new Sampling(0f, 0, 1f, 0L);

  public Sampling {
    if (!(temperature >= 0f && temperature <= 100f)) {
      throw new IllegalArgumentException("temperature must be in [0, 100], got " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException("top-k must not be negative, got " + topK);
    }
    if (!(topP > 0f && topP <= 1f)) {
      throw new IllegalArgumentException("top-p must be in (0, 1], got " + topP);
    }
  }
}
