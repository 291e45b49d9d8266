package io.rotatekv.eval.methods;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A low-rank approximation {@code A B^T} by power iteration, the SVDSolver of GEAR (Kang et al.
 * 2024, arXiv 2403.05527, Algorithm 2).
 */
final class LowRank {

  private static final int ITERATIONS = 3;

  private LowRank() {}

  /**
   * Adds to {@code out} the best approximation that the iteration finds of a block of columns.
   *
   * @param residual {@code (rows, width)}
   * @param first first column of the block
   * @param columns its width
   * @param rank columns of A and B
   */
  static void addApproximation(
      float[] residual, int width, int first, int columns, int rank, float[] out) {
    int rows = residual.length / width;
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    float[][] b = new float[rank][columns];
    float[][] a = new float[rank][rows];
    for (float[] vector : b) {
      for (int i = 0; i < columns; i++) {
        vector[i] = (float) random.nextGaussian();
      }
    }
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
      orthonormalize(b);
      times(residual, width, first, b, a);
      if (iteration < ITERATIONS - 1) {
        timesTransposed(residual, width, first, a, b);
      }
    }
    for (int row = 0; row < rows; row++) {
      for (int r = 0; r < rank; r++) {
        float weight = a[r][row];
        for (int i = 0; i < columns; i++) {
          out[row * width + first + i] += weight * b[r][i];
        }
      }
    }
  }

  private static void times(float[] x, int width, int first, float[][] b, float[][] a) {
    for (int r = 0; r < b.length; r++) {
      for (int row = 0; row < a[r].length; row++) {
        float sum = 0;
        for (int i = 0; i < b[r].length; i++) {
          sum += x[row * width + first + i] * b[r][i];
        }
        a[r][row] = sum;
      }
    }
  }

  private static void timesTransposed(float[] x, int width, int first, float[][] a, float[][] b) {
    for (int r = 0; r < b.length; r++) {
      Arrays.fill(b[r], 0);
      for (int row = 0; row < a[r].length; row++) {
        for (int i = 0; i < b[r].length; i++) {
          b[r][i] += x[row * width + first + i] * a[r][row];
        }
      }
    }
  }

  /** Gram and Schmidt; a vector that depends on the ones before it becomes zero. */
  private static void orthonormalize(float[][] vectors) {
    for (int r = 0; r < vectors.length; r++) {
      double before = dot(vectors[r], vectors[r]);
      for (int s = 0; s < r; s++) {
        float along = (float) dot(vectors[r], vectors[s]);
        for (int i = 0; i < vectors[r].length; i++) {
          vectors[r][i] -= along * vectors[s][i];
        }
      }
      double square = dot(vectors[r], vectors[r]);
      float inverse = square > 1e-10 * before ? (float) (1 / Math.sqrt(square)) : 0;
      for (int i = 0; i < vectors[r].length; i++) {
        vectors[r][i] *= inverse;
      }
    }
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
