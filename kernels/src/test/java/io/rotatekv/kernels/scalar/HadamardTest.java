package io.rotatekv.kernels.scalar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HadamardTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 16, 64, 128, 256, 12, 24, 96, 192, 20, 40, 28, 56})
  void rowsAreOrthogonalAndOfEqualMagnitude(int order) {
    float[][] matrix = matrix(order);
    for (int i = 0; i < order; i++) {
      for (int j = 0; j < order; j++) {
        double dot = 0;
        for (int k = 0; k < order; k++) {
          dot += (double) matrix[k][i] * matrix[k][j];
        }
        assertEquals(i == j ? 1 : 0, dot, 1e-5);
        assertEquals(1 / Math.sqrt(order), Math.abs(matrix[i][j]), 1e-6);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 192, 512, 20, 28})
  void inverseUndoesForward(int order) {
    Hadamard hadamard = Hadamard.of(order);
    float[] x = new float[order];
    for (int i = 0; i < order; i++) {
      x[i] = (float) Math.sin(i + 1);
    }
    float[] y = x.clone();
    hadamard.forward(y, 0);
    hadamard.inverseUnscaled(y, 0);
    for (int i = 0; i < order; i++) {
      y[i] *= hadamard.norm();
    }
    assertArrayEquals(x, y, 1e-5f);
  }

  @Test
  void powerOfTwoIsSylvestersMatrix() {
    float[][] columns = matrix(8);
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < 8; j++) {
        assertEquals(Integer.bitCount(i & j) % 2 == 0, columns[i][j] > 0);
      }
    }
  }

  @Test
  void factorIsTheOuterPartOfTheIndex() {
    float[][] factor = matrix(12);
    float[][] product = matrix(48);
    for (int i = 0; i < 48; i++) {
      for (int j = 0; j < 48; j++) {
        boolean inner = Integer.bitCount(i % 4 & j % 4) % 2 == 0;
        assertEquals(factor[i / 4][j / 4] > 0 == inner, product[i][j] > 0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -4, 3, 6, 10, 36, 100})
  void ordersWithoutConstructionAreRefusedByName(int order) {
    @Nullable String message =
        assertThrows(IllegalArgumentException.class, () -> Hadamard.of(order)).getMessage();
    assertTrue(String.valueOf(message).contains("order " + order), message);
  }

  /** Column by column: element i of column j is {@code matrix[j][i]}. */
  private static float[][] matrix(int order) {
    Hadamard hadamard = Hadamard.of(order);
    float[][] columns = new float[order][order];
    for (int j = 0; j < order; j++) {
      columns[j][j] = 1;
      hadamard.forward(columns[j], 0);
    }
    return columns;
  }
}
