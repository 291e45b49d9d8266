package io.rotatekv.model.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class SamplerTest {

  /** Probabilities 0.5, 0.25, 0.125, 0.125, behind one element of padding. */
  private static final float[] LOGITS = {
    99f, (float) Math.log(4), (float) Math.log(2), 0f, 0f,
  };

  private static int[] counts(Sampling template, int draws) {
    int[] counts = new int[4];
    for (int position = 0; position < draws; position++) {
      counts[Sampler.sample(LOGITS, 1, 4, template, position)]++;
    }
    return counts;
  }

  @Test
  void greedyTakesTheLargestAndTheLowerIdOfEquals() {
    assertEquals(0, Sampler.sample(LOGITS, 1, 4, Sampling.GREEDY, 0));
    assertEquals(1, Sampler.sample(new float[] {1, 3, 3}, 0, 3, Sampling.GREEDY, 0));
  }

  @Test
  void drawsFollowTheProbabilities() {
    int[] counts = counts(new Sampling(1f, 0, 1f, 11), 40_000);
    // Six standard deviations of a binomial.
    assertEquals(20_000, counts[0], 600);
    assertEquals(10_000, counts[1], 520);
    assertEquals(5_000, counts[2], 400);
    assertEquals(5_000, counts[3], 400);
  }

  @Test
  void lowTemperatureSharpens() {
    int[] counts = counts(new Sampling(0.25f, 0, 1f, 11), 4_000);
    assertTrue(counts[0] > 3_600, counts[0] + " of 4000");
  }

  @Test
  void topKKeepsTheMostLikely() {
    int[] counts = counts(new Sampling(1f, 2, 1f, 5), 6_000);
    assertEquals(0, counts[2] + counts[3]);
    assertEquals(4_000, counts[0], 220);
  }

  @Test
  void topPKeepsTheFewestThatReachIt() {
    assertEquals(1_000, counts(new Sampling(1f, 0, 0.5f, 5), 1_000)[0]);
    int[] counts = counts(new Sampling(1f, 0, 0.6f, 5), 6_000);
    assertEquals(0, counts[2] + counts[3]);
    assertEquals(4_000, counts[0], 220);
  }

  @Test
  void equalSeedsRepeatAndOthersDiffer() {
    Sampling sampling = new Sampling(1f, 0, 1f, 77);
    int differing = 0;
    for (int position = 0; position < 100; position++) {
      int first = Sampler.sample(LOGITS, 1, 4, sampling, position);
      assertEquals(first, Sampler.sample(LOGITS, 1, 4, sampling, position));
      if (first != Sampler.sample(LOGITS, 1, 4, new Sampling(1f, 0, 1f, 78), position)) {
        differing++;
      }
    }
    assertTrue(differing > 20, differing + " of 100 differ");
  }

  @Test
  void senselessSettingsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Sampling(-1f, 0, 1f, 0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(Float.NaN, 0, 1f, 0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(1f, -1, 1f, 0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(1f, 0, 0f, 0));
  }
}
