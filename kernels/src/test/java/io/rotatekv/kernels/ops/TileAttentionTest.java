package io.rotatekv.kernels.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Kernels;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TileAttentionTest extends BackendTest {

  private static final int TOKENS = 64;

  /**
   * Queries 1: alone; 3: a padded group of four; 4: a full one; 5: a group and one alone. Head
   * dimensions 8: tail only; 32, 64, 128: vectors; 80: vectors and tail. Visible tokens 1 and 37
   * end within a vector, 48 between vectors.
   */
  @ParameterizedTest
  @CsvSource({
    "1,64,64",
    "1,128,37",
    "1,80,1",
    "1,8,64",
    "2,64,64",
    "3,64,48",
    "3,32,1",
    "4,128,64",
    "4,80,37",
    "5,64,37",
    "8,128,64",
    "8,8,17"
  })
  void foldingTilesEqualsOneSoftmax(int queries, int headDim, int visible) {
    backends().forEach(kernels -> expectSoftmax(kernels, queries, headDim, visible));
  }

  @Test
  void outputsOfAQueryDoNotDependOnTheOthers() {
    backends()
        .forEach(kernels -> {
          Case all = new Case(5, 64, 50);
          all.fold(kernels);
          for (int query = 0; query < 5; query++) {
            Case one = new Case(5, 64, 50);
            one.fold(kernels, query, 1);
            int at = query * 64;
            assertArrayEquals(
                Arrays.copyOfRange(all.out, at, at + 64), Arrays.copyOfRange(one.out, at, at + 64));
          }
        });
  }

  @Test
  void largeScoresDoNotOverflow() {
    backends()
        .forEach(kernels -> {
          Case huge = new Case(3, 64, 64);
          for (int i = 0; i < huge.q.length; i++) {
            huge.q[i] *= 100;
          }
          huge.fold(kernels);
          huge.expectSoftmax();
        });
  }

  private static void expectSoftmax(Kernels kernels, int queries, int headDim, int visible) {
    Case attention = new Case(queries, headDim, visible);
    attention.fold(kernels);
    attention.expectSoftmax();
  }

  /** Two full tiles and one of which only {@code visible} tokens may be seen, the rest is NaN. */
  private static final class Case {

    private static final int TILES = 3;

    final int queries;
    final int headDim;
    final int visible;
    final int stride;
    final float[] q;
    final float[] keys; // (tile, headDim, 64)
    final float[] values; // (tile, 64, stride), the head's channels from 3 on
    final float[] state;
    final float[] out;

    Case(int queries, int headDim, int visible) {
      this.queries = queries;
      this.headDim = headDim;
      this.visible = visible;
      stride = headDim + 5;
      q = Fixtures.floats(queries * headDim, 1);
      keys = Fixtures.floats(TILES * headDim * TOKENS, 2);
      values = Fixtures.floats(TILES * TOKENS * stride, 3);
      for (int token = visible; token < TOKENS; token++) {
        for (int i = 0; i < headDim; i++) {
          keys[((TILES - 1) * headDim + i) * TOKENS + token] = Float.NaN;
        }
        int row = ((TILES - 1) * TOKENS + token) * stride;
        Arrays.fill(values, row, row + stride, Float.NaN);
      }
      state = new float[2 * queries];
      out = new float[queries * headDim];
      for (int i = 0; i < state.length; i += 2) {
        state[i] = Float.NEGATIVE_INFINITY;
      }
    }

    void fold(Kernels kernels) {
      fold(kernels, 0, queries);
    }

    void fold(Kernels kernels, int first, int count) {
      for (int tile = 0; tile < TILES; tile++) {
        kernels
            .attention()
            .fold(
                q,
                first * headDim,
                count,
                headDim,
                keys,
                tile * headDim * TOKENS,
                values,
                tile * TOKENS * stride + 3,
                stride,
                tile < TILES - 1 ? TOKENS : visible,
                state,
                2 * first,
                out,
                first * headDim);
      }
    }

    void expectSoftmax() {
      int tokens = (TILES - 1) * TOKENS + visible;
      for (int query = 0; query < queries; query++) {
        double[] weights = new double[tokens];
        for (int token = 0; token < tokens; token++) {
          weights[token] = score(query, token);
        }
        double maximum = Arrays.stream(weights).max().orElseThrow();
        double sum = 0;
        for (int token = 0; token < tokens; token++) {
          weights[token] = Math.exp(weights[token] - maximum);
          sum += weights[token];
        }
        for (int i = 0; i < headDim; i++) {
          double expected = 0;
          for (int token = 0; token < tokens; token++) {
            expected += weights[token] / sum * values[token * stride + 3 + i];
          }
          assertEquals(expected, out[query * headDim + i] / state[2 * query + 1], 2e-4);
        }
      }
    }

    private double score(int query, int token) {
      double sum = 0;
      for (int i = 0; i < headDim; i++) {
        int at = (token / TOKENS * headDim + i) * TOKENS + token % TOKENS;
        sum += (double) q[query * headDim + i] * keys[at];
      }
      return sum;
    }
  }
}
