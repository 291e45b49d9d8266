package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class HeadErrorsTest {

  // Two tokens of two heads of two channels.
  private static final float[] EXACT = {1, 2, 3, 4, 5, 6, 7, 8};
  private static final float[] ACTUAL = {1, 3, 3, 4, 5, 4, 7, 9};

  @Test
  void squaresAddUpPerHead() {
    HeadErrors errors = HeadErrors.between(EXACT, ACTUAL, 2, 2);
    assertArrayEquals(new double[] {1 + 4, 1}, errors.error());
    assertArrayEquals(new double[] {5 / 66.0, 1 / 138.0}, errors.relativePerHead(), 1e-12);
    assertEquals(6 / 204.0, errors.relative(), 1e-12);
    assertEquals(6 / 8.0, errors.mse());
  }

  @Test
  void windowsAddUp() {
    HeadErrors twice =
        HeadErrors.between(EXACT, ACTUAL, 2, 2).plus(HeadErrors.between(EXACT, EXACT, 2, 2));
    assertArrayEquals(new double[] {5, 1}, twice.error());
    assertEquals(6 / 16.0, twice.mse());
  }
}
