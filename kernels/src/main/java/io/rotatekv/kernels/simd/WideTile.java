package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * 12 rows of inputs by two vectors of outputs: 24 accumulators, which with two vectors of weights
 * and one input fill the 32 registers of AVX-512. Written out, because only variables of their own
 * stay in registers.
 */
final class WideTile {

  static final int ROWS = 12;

  private WideTile() {}

  /**
   * Adds the products of {@code depth} columns, in ascending order.
   *
   * @param x inputs, {@code (ROWS, stride)}
   * @param weights {@code (depth, 2 * LANES)} from {@code at} on
   * @param sums {@code (ROWS, 2 * LANES)}, updated
   */
  static void multiply(float[] x, int stride, float[] weights, int at, int depth, float[] sums) {
    FloatVector a0 = FloatVector.fromArray(FLOATS, sums, 0);
    FloatVector b0 = FloatVector.fromArray(FLOATS, sums, 1 * LANES);
    FloatVector a1 = FloatVector.fromArray(FLOATS, sums, 2 * LANES);
    FloatVector b1 = FloatVector.fromArray(FLOATS, sums, 3 * LANES);
    FloatVector a2 = FloatVector.fromArray(FLOATS, sums, 4 * LANES);
    FloatVector b2 = FloatVector.fromArray(FLOATS, sums, 5 * LANES);
    FloatVector a3 = FloatVector.fromArray(FLOATS, sums, 6 * LANES);
    FloatVector b3 = FloatVector.fromArray(FLOATS, sums, 7 * LANES);
    FloatVector a4 = FloatVector.fromArray(FLOATS, sums, 8 * LANES);
    FloatVector b4 = FloatVector.fromArray(FLOATS, sums, 9 * LANES);
    FloatVector a5 = FloatVector.fromArray(FLOATS, sums, 10 * LANES);
    FloatVector b5 = FloatVector.fromArray(FLOATS, sums, 11 * LANES);
    FloatVector a6 = FloatVector.fromArray(FLOATS, sums, 12 * LANES);
    FloatVector b6 = FloatVector.fromArray(FLOATS, sums, 13 * LANES);
    FloatVector a7 = FloatVector.fromArray(FLOATS, sums, 14 * LANES);
    FloatVector b7 = FloatVector.fromArray(FLOATS, sums, 15 * LANES);
    FloatVector a8 = FloatVector.fromArray(FLOATS, sums, 16 * LANES);
    FloatVector b8 = FloatVector.fromArray(FLOATS, sums, 17 * LANES);
    FloatVector a9 = FloatVector.fromArray(FLOATS, sums, 18 * LANES);
    FloatVector b9 = FloatVector.fromArray(FLOATS, sums, 19 * LANES);
    FloatVector a10 = FloatVector.fromArray(FLOATS, sums, 20 * LANES);
    FloatVector b10 = FloatVector.fromArray(FLOATS, sums, 21 * LANES);
    FloatVector a11 = FloatVector.fromArray(FLOATS, sums, 22 * LANES);
    FloatVector b11 = FloatVector.fromArray(FLOATS, sums, 23 * LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = FloatVector.fromArray(FLOATS, weights, at + k * 2 * LANES);
      FloatVector w1 = FloatVector.fromArray(FLOATS, weights, at + k * 2 * LANES + LANES);
      FloatVector x0 = FloatVector.broadcast(FLOATS, x[k]);
      a0 = x0.fma(w0, a0);
      b0 = x0.fma(w1, b0);
      FloatVector x1 = FloatVector.broadcast(FLOATS, x[k + stride]);
      a1 = x1.fma(w0, a1);
      b1 = x1.fma(w1, b1);
      FloatVector x2 = FloatVector.broadcast(FLOATS, x[k + 2 * stride]);
      a2 = x2.fma(w0, a2);
      b2 = x2.fma(w1, b2);
      FloatVector x3 = FloatVector.broadcast(FLOATS, x[k + 3 * stride]);
      a3 = x3.fma(w0, a3);
      b3 = x3.fma(w1, b3);
      FloatVector x4 = FloatVector.broadcast(FLOATS, x[k + 4 * stride]);
      a4 = x4.fma(w0, a4);
      b4 = x4.fma(w1, b4);
      FloatVector x5 = FloatVector.broadcast(FLOATS, x[k + 5 * stride]);
      a5 = x5.fma(w0, a5);
      b5 = x5.fma(w1, b5);
      FloatVector x6 = FloatVector.broadcast(FLOATS, x[k + 6 * stride]);
      a6 = x6.fma(w0, a6);
      b6 = x6.fma(w1, b6);
      FloatVector x7 = FloatVector.broadcast(FLOATS, x[k + 7 * stride]);
      a7 = x7.fma(w0, a7);
      b7 = x7.fma(w1, b7);
      FloatVector x8 = FloatVector.broadcast(FLOATS, x[k + 8 * stride]);
      a8 = x8.fma(w0, a8);
      b8 = x8.fma(w1, b8);
      FloatVector x9 = FloatVector.broadcast(FLOATS, x[k + 9 * stride]);
      a9 = x9.fma(w0, a9);
      b9 = x9.fma(w1, b9);
      FloatVector x10 = FloatVector.broadcast(FLOATS, x[k + 10 * stride]);
      a10 = x10.fma(w0, a10);
      b10 = x10.fma(w1, b10);
      FloatVector x11 = FloatVector.broadcast(FLOATS, x[k + 11 * stride]);
      a11 = x11.fma(w0, a11);
      b11 = x11.fma(w1, b11);
    }
    a0.intoArray(sums, 0);
    b0.intoArray(sums, 1 * LANES);
    a1.intoArray(sums, 2 * LANES);
    b1.intoArray(sums, 3 * LANES);
    a2.intoArray(sums, 4 * LANES);
    b2.intoArray(sums, 5 * LANES);
    a3.intoArray(sums, 6 * LANES);
    b3.intoArray(sums, 7 * LANES);
    a4.intoArray(sums, 8 * LANES);
    b4.intoArray(sums, 9 * LANES);
    a5.intoArray(sums, 10 * LANES);
    b5.intoArray(sums, 11 * LANES);
    a6.intoArray(sums, 12 * LANES);
    b6.intoArray(sums, 13 * LANES);
    a7.intoArray(sums, 14 * LANES);
    b7.intoArray(sums, 15 * LANES);
    a8.intoArray(sums, 16 * LANES);
    b8.intoArray(sums, 17 * LANES);
    a9.intoArray(sums, 18 * LANES);
    b9.intoArray(sums, 19 * LANES);
    a10.intoArray(sums, 20 * LANES);
    b10.intoArray(sums, 21 * LANES);
    a11.intoArray(sums, 22 * LANES);
    b11.intoArray(sums, 23 * LANES);
  }
}
