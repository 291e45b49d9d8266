package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.tensor.Matrix;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Products of a few input rows: decode. Four weight rows at a time are unpacked into the
 * first-level cache and multiplied there with every input row; for one input row the commonest
 * forms are unpacked in registers, with the same operations. An output is the sum of its lanes,
 * each of which sums every {@code 2 * LANES}-th column, so it does not depend on the other rows.
 */
final class MatVec {

  /** Columns unpacked at once: 16 KiB for four rows, half of a first-level cache. */
  private static final int CHUNK = 1024;

  /** Rows unpacked at once, which share the loads of inputs. */
  static final int ROWS = 4;

  private static final int STEP = 2 * LANES;

  private MatVec() {}

  /** Computes outputs {@code first} to {@code end - 1} of all {@code n} rows of inputs. */
  static void multiply(Matrix w, int first, int end, float[] x, int n, float[] y) {
    boolean fused = n == 1 && FusedDots.supports(w.type());
    // Zeroing scratch that products in registers do not need would evict half of the cache.
    float[] weights = new float[fused && (end - first) % ROWS == 0 ? 0 : ROWS * CHUNK];
    float[] sums = new float[n * ROWS * LANES];
    for (int row = first; row < end; row += ROWS) {
      Arrays.fill(sums, 0);
      int rows = Math.min(ROWS, end - row);
      for (int from = 0; from < w.columns(); from += CHUNK) {
        int count = Math.min(CHUNK, w.columns() - from);
        if (fused && rows == ROWS) {
          FusedDots.add(w, row, from, count, x, sums);
          continue;
        }
        for (int r = 0; r < rows; r++) {
          Dequantizer.unpack(w, row + r, from, count, weights, r * CHUNK);
        }
        for (int i = 0; i < n; i++) {
          dots(weights, x, i * w.columns() + from, count, sums, i * ROWS * LANES);
        }
      }
      for (int i = 0; i < n; i++) {
        for (int r = 0; r < rows; r++) {
          y[i * w.rows() + row + r] = total(sums, (i * ROWS + r) * LANES);
        }
      }
    }
  }

  private static void dots(float[] w, float[] x, int at, int count, float[] sums, int sumAt) {
    FloatVector a0 = FloatVector.fromArray(FLOATS, sums, sumAt);
    FloatVector a1 = FloatVector.fromArray(FLOATS, sums, sumAt + LANES);
    FloatVector a2 = FloatVector.fromArray(FLOATS, sums, sumAt + 2 * LANES);
    FloatVector a3 = FloatVector.fromArray(FLOATS, sums, sumAt + 3 * LANES);
    FloatVector b0 = FloatVector.zero(FLOATS);
    FloatVector b1 = b0;
    FloatVector b2 = b0;
    FloatVector b3 = b0;
    int whole = count - count % STEP;
    for (int k = 0; k < whole; k += STEP) {
      FloatVector x0 = FloatVector.fromArray(FLOATS, x, at + k);
      FloatVector x1 = FloatVector.fromArray(FLOATS, x, at + k + LANES);
      a0 = FloatVector.fromArray(FLOATS, w, k).fma(x0, a0);
      a1 = FloatVector.fromArray(FLOATS, w, k + CHUNK).fma(x0, a1);
      a2 = FloatVector.fromArray(FLOATS, w, k + 2 * CHUNK).fma(x0, a2);
      a3 = FloatVector.fromArray(FLOATS, w, k + 3 * CHUNK).fma(x0, a3);
      b0 = FloatVector.fromArray(FLOATS, w, k + LANES).fma(x1, b0);
      b1 = FloatVector.fromArray(FLOATS, w, k + CHUNK + LANES).fma(x1, b1);
      b2 = FloatVector.fromArray(FLOATS, w, k + 2 * CHUNK + LANES).fma(x1, b2);
      b3 = FloatVector.fromArray(FLOATS, w, k + 3 * CHUNK + LANES).fma(x1, b3);
    }
    a0.add(b0).intoArray(sums, sumAt);
    a1.add(b1).intoArray(sums, sumAt + LANES);
    a2.add(b2).intoArray(sums, sumAt + 2 * LANES);
    a3.add(b3).intoArray(sums, sumAt + 3 * LANES);
    for (int r = 0; r < ROWS; r++) {
      for (int k = whole; k < count; k++) {
        int lane = sumAt + r * LANES;
        sums[lane] = Math.fma(w[r * CHUNK + k], x[at + k], sums[lane]);
      }
    }
  }

  private static float total(float[] sums, int at) {
    return Lanes.sum(FloatVector.fromArray(FLOATS, sums, at));
  }
}
