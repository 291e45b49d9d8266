package io.rotatekv.eval.accuracy;

/**
 * The Wilson score interval of a proportion at 95 % confidence (Wilson 1927), which holds for small
 * samples and for proportions near 0 and 1.
 *
 * @param low lower bound
 * @param high upper bound
 */
public record WilsonInterval(double low, double high) {

  private static final double Z = 1.959963984540054;

  /** The interval after {@code successes} of {@code trials}. */
  public static WilsonInterval of(long successes, long trials) {
    double p = (double) successes / trials;
    double z2 = Z * Z / trials;
    double centre = (p + z2 / 2) / (1 + z2);
    double half = Z * Math.sqrt(p * (1 - p) / trials + z2 / (4 * trials)) / (1 + z2);
    return new WilsonInterval(Math.max(0, centre - half), Math.min(1, centre + half));
  }
}
