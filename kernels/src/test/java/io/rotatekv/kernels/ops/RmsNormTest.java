package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Kernels;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RmsNormTest extends BackendTest {

  private static final float EPSILON = 1e-5f;

  /** 5: tail only; 32: one step; 64: loop; 77: loop and tail; 20,000: rows over several tasks. */
  @ParameterizedTest
  @ValueSource(ints = {5, 32, 64, 77, 20_000})
  void bothBackendsDivideByTheRootOfTheMeanSquare(int width) {
    float[] x = Fixtures.floats(3 * width, 1);
    float[] weight = Fixtures.floats(width, 2);
    backends().forEach(kernels -> expectNormalized(x, weight, normalize(kernels, x, 3, weight)));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void mayOverwriteItsInput(Kernels kernels) {
    float[] x = Fixtures.floats(4 * 40, 3);
    float[] weight = Fixtures.floats(40, 4);
    float[] expected = normalize(kernels, x, 4, weight);
    kernels.rmsNorm().normalize(x, 4, weight, EPSILON, x);
    assertArrayEquals(expected, x);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aRowDoesNotDependOnTheOthers(Kernels kernels) {
    int width = 576;
    int n = 100;
    float[] x = Fixtures.floats(n * width, 5);
    float[] weight = Fixtures.floats(width, 6);
    float[] all = normalize(kernels, x, n, weight);
    float[] last = normalize(kernels, Arrays.copyOfRange(x, 99 * width, n * width), 1, weight);
    assertArrayEquals(Arrays.copyOfRange(all, 99 * width, n * width), last);
  }

  private static float[] normalize(Kernels kernels, float[] x, int n, float[] weight) {
    float[] out = new float[n * weight.length];
    kernels.rmsNorm().normalize(x, n, weight, EPSILON, out);
    return out;
  }

  private static void expectNormalized(float[] x, float[] weight, float[] actual) {
    int width = weight.length;
    for (int row = 0; row < x.length; row += width) {
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += (double) x[row + i] * x[row + i];
      }
      double scale = 1 / Math.sqrt(squares / width + EPSILON);
      for (int i = 0; i < width; i++) {
        double expected = x[row + i] * scale * weight[i];
        assertEquals(expected, actual[row + i], Math.abs(expected) * 1e-6);
      }
    }
  }
}
