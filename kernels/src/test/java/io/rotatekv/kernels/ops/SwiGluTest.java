package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Kernels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SwiGluTest extends BackendTest {

  @ParameterizedTest
  @MethodSource("backends")
  void multipliesTheGatedInput(Kernels kernels) {
    float[] gate = Fixtures.floats(1000, 1);
    float[] up = Fixtures.floats(1000, 2);
    float[] out = gate.clone();
    kernels.swiGlu().apply(out, up, 1000);
    for (int i = 0; i < 1000; i++) {
      double expected = gate[i] / (1 + Math.exp(-(double) gate[i])) * up[i];
      assertEquals(expected, out[i], Math.abs(expected) * 4e-7);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void largeInputsSaturate(Kernels kernels) {
    float[] gate = {1000, -1000, 90, -90, 0, Float.NaN};
    kernels.swiGlu().apply(gate, new float[] {1, 1, 1, 1, 1, 1}, 6);
    assertArrayEquals(new float[] {1000, 0, 90, 0, 0, Float.NaN}, gate, 1e-30f);
  }

  /** 3: tail only; 16: one vector; 50: loop and tail; 40,000: several tasks. */
  @ParameterizedTest
  @ValueSource(ints = {3, 16, 50, 40_000})
  void backendsAgreeToTheLastBitAndLeaveTheRest(int count) {
    float[] up = Fixtures.floats(count + 1, 3);
    float[] gate = Fixtures.floats(count + 1, 4);
    float[] other = gate.clone();
    float last = gate[count];
    scalar.swiGlu().apply(gate, up, count);
    simd.swiGlu().apply(other, up, count);
    assertArrayEquals(gate, other);
    assertEquals(last, other[count]);
  }
}
