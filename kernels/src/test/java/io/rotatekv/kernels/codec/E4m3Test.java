package io.rotatekv.kernels.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class E4m3Test {

  @Test
  void knownCodes() {
    assertEquals(0x1p-9f, E4m3.decode(0x01));
    assertEquals(0x1p-6f, E4m3.decode(0x08));
    assertEquals(1f, E4m3.decode(0x38));
    assertEquals(448f, E4m3.decode(0x7E));
    assertTrue(Float.isNaN(E4m3.decode(0x7F)));
  }

  @Test
  void codesAreMonotoneAndEncodeToThemselves() {
    for (int code = E4m3.MIN_CODE; code <= E4m3.MAX_CODE; code++) {
      assertTrue(E4m3.decode(code) > E4m3.decode(code - 1));
      assertEquals(code, E4m3.encode(E4m3.decode(code)));
    }
  }

  @Test
  void halfwayGoesToTheEvenCode() {
    for (int code = E4m3.MIN_CODE; code < E4m3.MAX_CODE; code++) {
      float halfway = (E4m3.decode(code) + E4m3.decode(code + 1)) / 2;
      assertEquals(
          code + code % 2, E4m3.encode(halfway), "between %d and the next".formatted(code));
      assertEquals(code, E4m3.encode(Math.nextDown(halfway)));
      assertEquals(code + 1, E4m3.encode(Math.nextUp(halfway)));
    }
  }

  @Test
  void outsideTheRangeIsTheNearestPositiveNumber() {
    assertEquals(E4m3.MIN_CODE, E4m3.encode(0));
    assertEquals(E4m3.MAX_CODE, E4m3.encode(1e9f));
    assertEquals(E4m3.MAX_CODE, E4m3.encode(Float.POSITIVE_INFINITY));
  }
}
