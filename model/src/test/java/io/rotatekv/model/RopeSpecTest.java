package io.rotatekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RopeSpecTest {

  @Test
  void frequenciesAreAGeometricSeries() {
    double[] frequencies = new RopeSpec(4, 10_000, new RopeScaling.None()).inverseFrequencies();
    assertEquals(2, frequencies.length);
    assertEquals(1, frequencies[0]);
    assertEquals(0.01, frequencies[1], 1e-15);
  }

  @Test
  void linearScalingDividesAll() {
    double[] frequencies = new RopeSpec(4, 10_000, new RopeScaling.Linear(4)).inverseFrequencies();
    assertEquals(0.25, frequencies[0]);
    assertEquals(0.0025, frequencies[1], 1e-15);
  }

  /** The parameters of LLaMA 3.1; wavelengths change at 8192 / 4 and 8192 / 1 tokens. */
  @Test
  void llama3ScalingKeepsHighAndDividesLowFrequencies() {
    RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
    double high = 2 * Math.PI / 2000;
    double low = 2 * Math.PI / 9000;
    double middle = 2 * Math.PI / 4096; // 2 periods: a third of the way from 1 to 4
    assertEquals(high, scaling.apply(0, high));
    assertEquals(low / 8, scaling.apply(0, low));
    assertEquals(middle * (2 / 3.0 / 8 + 1 / 3.0), scaling.apply(0, middle), 1e-15);
  }
}
