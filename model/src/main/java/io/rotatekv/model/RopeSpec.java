package io.rotatekv.model;

import io.rotatekv.kernels.codec.BlockRope;

/**
 * The frequencies of rotary position embedding (Su et al. 2021).
 *
 * @param headDim channels per head; channel i pairs with {@code i + headDim / 2}
 * @param theta base of the geometric series of frequencies
 * @param scaling how long contexts stretch them
 */
public record RopeSpec(int headDim, double theta, RopeScaling scaling) {

  /** Radians per position of each of {@code headDim / 2} pairs, scaling included. */
  public double[] inverseFrequencies() {
    double[] frequencies = new double[headDim / 2];
    for (int pair = 0; pair < frequencies.length; pair++) {
      frequencies[pair] = scaling.apply(pair, Math.pow(theta, -2.0 * pair / headDim));
    }
    return frequencies;
  }

  /** What codecs turn keys by. */
  public BlockRope blockRope() {
    return new BlockRope(inverseFrequencies());
  }
}
