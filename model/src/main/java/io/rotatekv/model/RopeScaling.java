package io.rotatekv.model;

import java.util.List;

/** How the frequencies of rotary position embedding are stretched for contexts past training. */
public sealed interface RopeScaling {

  /**
   * The frequency, in radians per position, that replaces {@code frequency} of pair {@code pair}.
   */
  double apply(int pair, double frequency);

  /** No stretching. */
  record None() implements RopeScaling {

    @Override
    public double apply(int pair, double frequency) {
      return frequency;
    }
  }

  /**
   * Position interpolation (Chen et al. 2023): every frequency is divided by one factor.
   *
   * @param factor how many times longer the context is than in training
   */
  record Linear(double factor) implements RopeScaling {

    @Override
    public double apply(int pair, double frequency) {
      return frequency / factor;
    }
  }

  /**
   * The rule of LLaMA 3.1: wavelengths that fit {@code highFreq} times into the trained context
   * stay, those that do not fit {@code lowFreq} times are divided by {@code factor}, and between
   * the two the frequency is interpolated.
   *
   * @param factor the divisor of low frequencies
   * @param lowFreq periods in the trained context below which a frequency is low
   * @param highFreq periods in the trained context above which a frequency is high
   * @param originalContext tokens of the trained context
   */
  record Llama3(double factor, double lowFreq, double highFreq, int originalContext)
      implements RopeScaling {

    @Override
    public double apply(int pair, double frequency) {
      double periods = originalContext * frequency / (2 * Math.PI);
      if (periods > highFreq) {
        return frequency;
      }
      if (periods < lowFreq) {
        return frequency / factor;
      }
      double smooth = (periods - lowFreq) / (highFreq - lowFreq);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }

  /**
   * A divisor for each pair of channels, as GGUF files store LLaMA 3 scaling.
   *
   * @param factors divisors, one for each of {@code headDim / 2} pairs
   */
  record Divisors(List<Double> factors) implements RopeScaling {

    public Divisors {
      factors = List.copyOf(factors);
    }

    @Override
    public double apply(int pair, double frequency) {
      return frequency / factors.get(pair);
    }
  }
}
