package io.rotatekv.kernels.scalar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ExpTest {

  @Test
  void isWithinTwoUlp() {
    for (float x = Exp.MIN; x < Exp.MAX; x += 0.0007f) {
      double exact = StrictMath.exp(x);
      double error = Math.abs(Exp.exp(x) - exact) / Math.ulp((float) exact);
      assertTrue(error <= 2, "exp(" + x + ") is off by " + error + " ulp");
    }
  }

  @Test
  void endsAreDefined() {
    assertEquals(0, Exp.exp(Float.NEGATIVE_INFINITY));
    assertEquals(0, Exp.exp(Math.nextDown(Exp.MIN)));
    assertEquals(1, Exp.exp(0));
    assertEquals(Exp.exp(Exp.MAX), Exp.exp(Float.POSITIVE_INFINITY));
    assertEquals(Float.NaN, Exp.exp(Float.NaN));
  }
}
