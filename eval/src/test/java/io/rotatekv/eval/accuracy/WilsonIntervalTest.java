package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class WilsonIntervalTest {

  @Test
  void holdsForFewSuccesses() {
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 0/20 and 1/29.
    WilsonInterval none = WilsonInterval.of(0, 20);
    assertEquals(0, none.low());
    assertEquals(0.1611, none.high(), 5e-5);
    WilsonInterval one = WilsonInterval.of(1, 29);
    assertEquals(0.0061, one.low(), 5e-5);
    assertEquals(0.1718, one.high(), 5e-5);
  }
}
