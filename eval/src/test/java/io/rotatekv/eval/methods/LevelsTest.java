package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class LevelsTest {

  @Test
  void levelsAreTheWeightedMeansOfTheirClusters() {
    float[] samples = {10, 0, 12, 1};
    float[] weights = {1, 3, 3, 1};
    assertArrayEquals(new float[] {0.25f, 11.5f}, Levels.fit(samples, weights, 2).values(), 1e-6f);
  }

  @Test
  void theNearestLevelIsFoundOnBothSidesOfAMiddle() {
    Levels levels = new Levels(new float[] {-1, 0, 4});
    assertEquals(-1, levels.nearest(-7));
    assertEquals(-1, levels.nearest(-0.6f));
    assertEquals(0, levels.nearest(1.9f));
    assertEquals(4, levels.nearest(2.1f));
  }

  @Test
  void fourLevelsOfAUniformDistributionAreEvenlySpread() {
    float[] samples = new float[1000];
    float[] weights = new float[1000];
    Arrays.fill(weights, 1);
    for (int i = 0; i < samples.length; i++) {
      samples[i] = i / 1000f;
    }
    assertArrayEquals(
        new float[] {0.125f, 0.375f, 0.625f, 0.875f},
        Levels.fit(samples, weights, 4).values(),
        0.01f);
  }
}
