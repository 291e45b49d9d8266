package io.rotatekv.kernels.codec;

/**
 * How far keys and values as stored are from those that were encoded, over the blocks that were
 * decoded again to see. Sinks are left out.
 *
 * @param blocks blocks looked at
 * @param keyError sum of squared differences of the keys
 * @param keyEnergy sum of squares of the keys
 * @param valueError sum of squared differences of the values
 * @param valueEnergy sum of squares of the values
 */
public record SampledError(
    long blocks, double keyError, double keyEnergy, double valueError, double valueEnergy) {

  /** Of nothing. */
  public static final SampledError NONE = new SampledError(0, 0, 0, 0, 0);

  /** Both together. */
  public SampledError plus(SampledError other) {
    return new SampledError(
        blocks + other.blocks,
        keyError + other.keyError,
        keyEnergy + other.keyEnergy,
        valueError + other.valueError,
        valueEnergy + other.valueEnergy);
  }

  /** Squared error of the keys over their squared norm; 0 where nothing was sampled. */
  public double keys() {
    return relative(keyError, keyEnergy);
  }

  /** Squared error of the values over their squared norm; 0 where nothing was sampled. */
  public double values() {
    return relative(valueError, valueEnergy);
  }

  private static double relative(double error, double energy) {
    return energy == 0 ? 0 : error / energy;
  }
}
