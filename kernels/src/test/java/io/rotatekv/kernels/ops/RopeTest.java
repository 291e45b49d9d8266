package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Kernels;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RopeTest extends BackendTest {

  private static final int TOKENS = 64;

  @ParameterizedTest
  @MethodSource("backends")
  void turnsEveryPairByItsAngle(Kernels kernels) {
    int headDim = 8;
    float[] x = Fixtures.floats(2 * headDim, 1);
    float[] turned = x.clone();
    kernels.rope().rotate(turned, 0, 2, 5, table(headDim));
    for (int head = 0; head < 2 * headDim; head += headDim) {
      for (int i = 0; i < headDim / 2; i++) {
        double angle = 5 * frequency(i, headDim);
        double low = x[head + i];
        double high = x[head + headDim / 2 + i];
        assertEquals(low * Math.cos(angle) - high * Math.sin(angle), turned[head + i], 1e-6);
        assertEquals(high * Math.cos(angle) + low * Math.sin(angle), turned[head + 4 + i], 1e-6);
      }
    }
  }

  /** 8: tail only; 64: vectors; 96: vectors, where the half is not a power of two. */
  @ParameterizedTest
  @ValueSource(ints = {8, 64, 96})
  void backendsAgreeToTheLastBit(int headDim) {
    float[] x = Fixtures.floats(3 * headDim + 2, 2);
    float[] other = x.clone();
    scalar.rope().rotate(x, 1, 3, 77, table(headDim));
    simd.rope().rotate(other, 1, 3, 77, table(headDim));
    assertArrayEquals(x, other);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aTileEqualsItsTokensOneByOne(Kernels kernels) {
    int headDim = 64;
    int heads = 2;
    int block = 1;
    RopeTable table = table(headDim);
    float[] tile = Fixtures.floats(heads * headDim * TOKENS, 3);
    float[] rows = transpose(tile, heads * headDim, TOKENS);
    kernels.rope().rotateTile(tile, heads, block, table);
    for (int token = 0; token < TOKENS; token++) {
      int position = block * TOKENS + token;
      kernels.rope().rotate(rows, token * heads * headDim, heads, position, table);
    }
    assertArrayEquals(transpose(rows, TOKENS, heads * headDim), tile);
  }

  private static float[] transpose(float[] x, int rows, int columns) {
    float[] out = new float[x.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        out[column * rows + row] = x[row * columns + column];
      }
    }
    return out;
  }

  private static RopeTable table(int headDim) {
    double[] frequencies =
        IntStream.range(0, headDim / 2).mapToDouble(i -> frequency(i, headDim)).toArray();
    return new RopeTable(frequencies, 128);
  }

  private static double frequency(int pair, int headDim) {
    return Math.pow(10_000, -2.0 * pair / headDim);
  }
}
