package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.RunProgress;
import io.rotatekv.eval.run.WindowedText;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DivergenceTest {

  private static final WindowedText TEXT =
      new WindowedText(
          new EvalText("text", "ab", ""), 3, List.of(new int[] {0, 1, 2}, new int[] {3, 3, 3}));

  @TempDir Path state;

  private EvalRow measure(double referenceWeight, double weight) {
    Divergence divergence =
        new Divergence(CountingCache.TARGET, TEXT, new CountingCache("exact", referenceWeight));
    EvalRun run = new EvalRun(state, "test", false, 2, RunProgress.Opener.NONE);
    return divergence.measure(new CountingCache("cache", weight), run);
  }

  @Test
  void equalDistributionsDoNotDiverge() {
    EvalRow row = measure(3, 3);
    assertEquals(0, row.number("kl"), 1e-7);
    assertEquals(1, row.number("top1"));
    assertEquals(4, row.avgBits());
  }

  @Test
  void theDivergenceIsThatOfTheReferenceFromTheCache() {
    // One token has weight 3 of 6, then 5 of 8; the other three 1 of 6, then 1 of 8.
    double expected = 0.5 * Math.log(0.5 / 0.625) + 0.5 * Math.log(8 / 6.0);
    assertEquals(expected, measure(3, 5).number("kl"), 1e-6);
    assertEquals(0, measure(3, 5).number("kl_stderr"), 1e-7);
  }

  @Test
  void anotherLikeliestTokenIsADisagreement() {
    // With weight 1/3 the three other tokens are likelier, and the first of them wins.
    assertEquals(0, measure(3, 1 / 3.0).number("top1"));
  }

  @Test
  void aFailureOfTheReferenceEndsTheMeasurement() {
    IllegalStateException failure =
        assertThrows(IllegalStateException.class, () -> measure(Double.NaN, 3));
    assertEquals("the model broke", failure.getMessage());
  }
}
