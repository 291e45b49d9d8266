package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.tensor.Matrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Products of many input rows: prefill. The loops are those of Goto and van de Geijn (2008):
 * weights of {@link #WIDTH} outputs by {@link #DEPTH} columns are unpacked and turned column-major
 * once, stay in the second-level cache, and meet tiles of input rows in the registers. Each output
 * is one chain of fused multiply-adds over ascending columns, so it equals the scalar kernel's to
 * the last bit, whatever the tile it falls into. One instance per task.
 */
final class Gemm {

  /** Outputs of a panel. */
  static final int WIDTH = 2 * LANES;

  /** Columns of a panel: with 32 outputs 32 KiB. */
  private static final int DEPTH = 256;

  /** Keeps the rows that a gather reads in different sets of the cache. */
  private static final int ROW_STRIDE = DEPTH + LANES;

  private static final boolean WIDE = LANES == 16;
  private static final int TILE_ROWS = WIDE ? WideTile.ROWS : NarrowTile.ROWS;

  private final Matrix w;
  private final float[] x;
  private final int n;
  private final float[] y;
  private final float[] unpacked = new float[WIDTH * ROW_STRIDE];
  private final float[] tile = new float[TILE_ROWS * DEPTH];
  private final float[] sums = new float[TILE_ROWS * WIDTH];
  private static final int[] ROWS_OF_LANES = rowsOfLanes();

  Gemm(Matrix w, float[] x, int n, float[] y) {
    this.w = w;
    this.x = x;
    this.n = n;
    this.y = y;
  }

  /** Computes {@code panels} panels of outputs from output {@code first} on. */
  void multiply(int first, int panels) {
    float[] packed = new float[panels * WIDTH * DEPTH];
    for (int from = 0; from < w.columns(); from += DEPTH) {
      int depth = Math.min(DEPTH, w.columns() - from);
      for (int p = 0; p < panels; p++) {
        pack(first + p * WIDTH, from, depth, packed, p * WIDTH * DEPTH);
      }
      for (int row = 0; row < n; row += TILE_ROWS) {
        int rows = Math.min(TILE_ROWS, n - row);
        for (int r = 0; r < rows; r++) {
          System.arraycopy(x, (row + r) * w.columns() + from, tile, r * DEPTH, depth);
        }
        for (int p = 0; p < panels; p++) {
          int output = first + p * WIDTH;
          load(row, rows, output, from == 0);
          if (WIDE) {
            WideTile.multiply(tile, DEPTH, packed, p * WIDTH * DEPTH, depth, sums);
          } else {
            NarrowTile.multiply(tile, DEPTH, packed, p * WIDTH * DEPTH, depth, sums);
          }
          store(row, rows, output);
        }
      }
    }
  }

  /** Unpacks a panel into {@code (depth, WIDTH)}; outputs past the last keep what was there. */
  private void pack(int output, int from, int depth, float[] packed, int at) {
    int outputs = Math.min(WIDTH, w.rows() - output);
    for (int o = 0; o < outputs; o++) {
      Dequantizer.unpack(w, output + o, from, depth, unpacked, o * ROW_STRIDE);
    }
    for (int k = 0; k < depth; k++) {
      int to = at + k * WIDTH;
      FloatVector.fromArray(FLOATS, unpacked, k, ROWS_OF_LANES, 0).intoArray(packed, to);
      FloatVector.fromArray(FLOATS, unpacked, LANES * ROW_STRIDE + k, ROWS_OF_LANES, 0)
          .intoArray(packed, to + LANES);
    }
  }

  private void load(int row, int rows, int output, boolean fresh) {
    if (fresh) {
      Arrays.fill(sums, 0);
      return;
    }
    for (int r = 0; r < rows; r++) {
      copy(y, (row + r) * w.rows() + output, sums, r * WIDTH, w.rows() - output);
    }
  }

  private void store(int row, int rows, int output) {
    for (int r = 0; r < rows; r++) {
      copy(sums, r * WIDTH, y, (row + r) * w.rows() + output, w.rows() - output);
    }
  }

  /** Copies a panel's outputs of one row, or those that are left. */
  private static void copy(float[] from, int at, float[] to, int toAt, int left) {
    if (left >= WIDTH) {
      FloatVector.fromArray(FLOATS, from, at).intoArray(to, toAt);
      FloatVector.fromArray(FLOATS, from, at + LANES).intoArray(to, toAt + LANES);
    } else {
      System.arraycopy(from, at, to, toAt, left);
    }
  }

  private static int[] rowsOfLanes() {
    int[] rows = new int[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      rows[lane] = lane * ROW_STRIDE;
    }
    return rows;
  }
}
