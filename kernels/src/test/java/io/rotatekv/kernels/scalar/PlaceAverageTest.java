package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.Samples;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PlaceAverageTest {

  private static final int DIM = 16;

  private final double[] frequencies = Samples.frequencies(DIM);
  private final BlockRope rope = new BlockRope(frequencies);

  @Test
  void costsWhatTheErrorsOfAllPlacesCostOnAverage() {
    double[][] before = importance();
    double[][] average = PlaceAverage.of(triangle(before), 0, rope);
    Random random = new Random(3);
    for (int trial = 0; trial < 10; trial++) {
      double[] error = random.doubles(DIM, -1, 1).toArray();
      double expected = 0;
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        expected += cost(before, turnedBack(error, token)) / BLOCK_TOKENS;
      }
      assertEquals(expected, cost(average, error), 1e-5 * expected);
    }
  }

  @Test
  void leavesEvenImportanceAsItIs() {
    double[][] even = new double[DIM][DIM];
    for (int i = 0; i < DIM; i++) {
      even[i][i] = 1;
    }
    double[][] average = PlaceAverage.of(triangle(even), 0, rope);
    for (int i = 0; i < DIM; i++) {
      for (int j = 0; j < DIM; j++) {
        assertEquals(even[i][j], average[i][j], 1e-6);
      }
    }
  }

  private double[] turnedBack(double[] x, int token) {
    double[] back = new double[DIM];
    int pairs = DIM / 2;
    for (int i = 0; i < pairs; i++) {
      double cos = Math.cos(token * frequencies[i]);
      double sin = Math.sin(token * frequencies[i]);
      back[i] = x[i] * cos + x[i + pairs] * sin;
      back[i + pairs] = x[i + pairs] * cos - x[i] * sin;
    }
    return back;
  }

  private static double cost(double[][] c, double[] x) {
    double sum = 0;
    for (int i = 0; i < DIM; i++) {
      for (int j = 0; j < DIM; j++) {
        sum += c[i][j] * x[i] * x[j];
      }
    }
    return sum;
  }

  private static double[][] importance() {
    Random random = new Random(2);
    double[][] c = new double[DIM][DIM];
    for (int k = 0; k < 3; k++) {
      double[] direction = random.doubles(DIM, -1, 1).toArray();
      for (int i = 0; i < DIM; i++) {
        for (int j = 0; j < DIM; j++) {
          c[i][j] += direction[i] * direction[j];
        }
      }
    }
    return c;
  }

  private static float[] triangle(double[][] c) {
    float[] triangle = new float[DIM * (DIM + 1) / 2];
    int at = 0;
    for (int i = 0; i < DIM; i++) {
      for (int j = 0; j <= i; j++) {
        triangle[at++] = (float) c[i][j];
      }
    }
    return triangle;
  }
}
