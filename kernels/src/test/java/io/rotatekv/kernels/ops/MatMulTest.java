package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Products with weights of every stored form. */
class MatMulTest extends BackendTest {

  /** Outputs 70: whole panels and a partial one; columns 1,280: chunks and a partial one. */
  private static final int ROWS = 70;

  private static final int COLUMNS = 1280;

  @ParameterizedTest
  @EnumSource
  void batchesEqualTheScalarOnesToTheLastBit(TensorType type) {
    Matrix w = Fixtures.matrix(type, ROWS, COLUMNS, 1);
    int n = 29; // two full tiles of rows and a partial one
    float[] x = Fixtures.floats(n * COLUMNS, 2);
    assertArrayEquals(multiply(scalar, w, x, n), multiply(simd, w, x, n));
  }

  @ParameterizedTest
  @EnumSource
  void fewRowsAreAsExactAsDoubles(TensorType type) {
    Matrix w = Fixtures.matrix(type, ROWS, COLUMNS, 3);
    for (int n = 1; n < MatMul.BATCH_ROWS; n += 3) {
      float[] x = Fixtures.floats(n * COLUMNS, 4);
      float[] y = multiply(simd, w, x, n);
      for (int i = 0; i < n; i++) {
        for (int row = 0; row < ROWS; row++) {
          expectDot(w, row, x, i * COLUMNS, y[i * ROWS + row]);
        }
      }
    }
  }

  /** 5: rows shorter than a vector; 40: one step and a tail; 300: a chunk of columns and a tail. */
  @ParameterizedTest
  @CsvSource({"F32,5", "F32,40", "F32,300", "F16,5", "F16,300", "BF16,40"})
  void rowsNeedNotBeWholeVectors(TensorType type, int columns) {
    Matrix w = Fixtures.matrix(type, 9, columns, 5);
    float[] x = Fixtures.floats(8 * columns, 6);
    assertArrayEquals(multiply(scalar, w, x, 8), multiply(simd, w, x, 8));
    float[] y = multiply(simd, w, x, 1);
    for (int row = 0; row < w.rows(); row++) {
      expectDot(w, row, x, 0, y[row]);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void resultsOfABatchDoNotDependOnItsSize(Kernels kernels) {
    expectSameRows(kernels, 61, 8);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void resultsOfFewRowsDoNotDependOnTheirNumber(Kernels kernels) {
    expectSameRows(kernels, 7, 1);
  }

  @ParameterizedTest
  @CsvSource({"scalar,1", "scalar,20", "simd,1", "simd,20"})
  void resultsDoNotDependOnTheNumberOfThreads(String backend, int n) {
    Matrix w = Fixtures.matrix(TensorType.Q4_K, 700, 256, 9);
    float[] x = Fixtures.floats(n * w.columns(), 10);
    try (Team one = Team.of(1);
        Team three = Team.of(3)) {
      float[] alone = multiply(Backends.open(backend, one).kernels(), w, x, n);
      float[] shared = multiply(Backends.open(backend, three).kernels(), w, x, n);
      assertArrayEquals(alone, shared);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aRowOfNansStaysAlone(Kernels kernels) {
    Matrix w = Fixtures.matrix(TensorType.Q8_0, ROWS, 64, 11);
    float[] x = Fixtures.floats(13 * 64, 12);
    float[] clean = multiply(kernels, w, x, 13);
    Arrays.fill(x, 12 * 64, 13 * 64, Float.NaN);
    float[] y = multiply(kernels, w, x, 13);
    assertArrayEquals(Arrays.copyOf(clean, 12 * ROWS), Arrays.copyOf(y, 12 * ROWS));
    assertEquals(Float.NaN, y[12 * ROWS]);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void shortArraysAreRefused(Kernels kernels) {
    Matrix w = Fixtures.matrix(TensorType.F32, 4, 8, 13);
    MatMul matMul = kernels.matMul();
    assertThrows(
        IllegalArgumentException.class, () -> matMul.multiply(w, new float[15], 2, new float[8]));
    assertThrows(
        IllegalArgumentException.class, () -> matMul.multiply(w, new float[16], 2, new float[7]));
  }

  private static void expectSameRows(Kernels kernels, int many, int few) {
    Matrix w = Fixtures.matrix(TensorType.Q4_1, ROWS, COLUMNS, 7);
    float[] x = Fixtures.floats(many * COLUMNS, 8);
    float[] all = multiply(kernels, w, x, many);
    for (int from = 0; from + few <= many; from += 6) {
      float[] part = Arrays.copyOfRange(x, from * COLUMNS, (from + few) * COLUMNS);
      float[] expected = Arrays.copyOfRange(all, from * ROWS, (from + few) * ROWS);
      assertArrayEquals(expected, multiply(kernels, w, part, few));
    }
  }

  /** The bound is that of a sum of {@code columns} products in FP32, in any order. */
  private void expectDot(Matrix w, int row, float[] x, int at, float actual) {
    float[] weights = new float[w.columns()];
    scalar.matMul().row(w, row, weights, 0);
    double sum = 0;
    double magnitude = 0;
    for (int k = 0; k < weights.length; k++) {
      double product = (double) weights[k] * x[at + k];
      sum += product;
      magnitude += Math.abs(product);
    }
    assertEquals(sum, actual, magnitude * Math.sqrt(w.columns()) * 0x1p-24);
  }

  private static float[] multiply(Kernels kernels, Matrix w, float[] x, int n) {
    float[] y = new float[n * w.rows()];
    kernels.matMul().multiply(w, x, n, y);
    return y;
  }
}
