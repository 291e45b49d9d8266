package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The transforms of {@link io.rotatekv.kernels.scalar.Hadamard}, on strips: each lane is a vector
 * of its own. Several butterfly stages are done per pass over memory, which changes no sum. Orders
 * {@code 2^k} and {@code 12 * 2^k}.
 */
final class Hadamard {

  private final int order;
  private final int power;
  private final int factor;

  Hadamard(int order) {
    this.order = order;
    power = order % 3 == 0 ? order / 12 : order;
    factor = order / power;
  }

  int order() {
    return order;
  }

  /** {@code x = H x * sqrt(order)} in place, x being {@code (order, LANES)} at {@code offset}. */
  void forwardUnscaled(float[] x, int offset) {
    butterflies(x, offset, x, offset, LANES);
    if (factor == 12) {
      for (int j = 0; j < power; j++) {
        int at = offset + j * LANES;
        Williamson12.forward(x, at, power * LANES, x, at, power * LANES);
      }
    }
  }

  /** {@code to = H^T x * sqrt(order)}, the rows of {@code to} lying {@code toPitch} apart. */
  void inverseUnscaled(float[] x, int offset, float[] to, int toOffset, int toPitch) {
    if (factor == 1) {
      butterflies(x, offset, to, toOffset, toPitch);
      return;
    }
    butterflies(x, offset, x, offset, LANES);
    for (int j = 0; j < power; j++) {
      Williamson12.inverse(
          x, offset + j * LANES, power * LANES, to, toOffset + j * toPitch, power * toPitch);
    }
  }

  /** All stages; only the last pass writes to {@code to}. */
  private void butterflies(float[] x, int offset, float[] to, int toOffset, int toPitch) {
    int distance = 1;
    while (distance < power) {
      int stages = stages(Integer.numberOfTrailingZeros(power / distance));
      boolean last = distance << stages == power;
      float[] dst = last ? to : x;
      int dstOffset = last ? toOffset : offset;
      int dstPitch = last ? toPitch : LANES;
      switch (stages) {
        case 1 -> radix2(x, offset, dst, dstOffset, dstPitch, distance);
        case 2 -> radix4(x, offset, dst, dstOffset, dstPitch, distance);
        default -> radix8(x, offset, dst, dstOffset, dstPitch, distance);
      }
      distance <<= stages;
    }
  }

  /** Three stages per pass keep eight vectors in registers; four are better done two by two. */
  private static int stages(int left) {
    return left == 4 ? 2 : Math.min(3, left);
  }

  // Below, one loop in place of two, whose inner one would be as short as a single turn.

  private void radix2(float[] x, int offset, float[] to, int toOffset, int pitch, int distance) {
    for (int pair = 0; pair < order / 2; pair++) {
      int i = pair + (pair & -distance);
      int from = offset + i * LANES;
      FloatVector a = FloatVector.fromArray(FLOATS, x, from);
      FloatVector b = FloatVector.fromArray(FLOATS, x, from + distance * LANES);
      int at = toOffset + i * pitch;
      a.add(b).intoArray(to, at);
      a.sub(b).intoArray(to, at + distance * pitch);
    }
  }

  private void radix4(float[] x, int offset, float[] to, int toOffset, int pitch, int distance) {
    int step = distance * LANES;
    int toStep = distance * pitch;
    for (int quad = 0; quad < order / 4; quad++) {
      int i = quad + (quad & -distance) * 3;
      int from = offset + i * LANES;
      FloatVector a = FloatVector.fromArray(FLOATS, x, from);
      FloatVector b = FloatVector.fromArray(FLOATS, x, from + step);
      FloatVector c = FloatVector.fromArray(FLOATS, x, from + 2 * step);
      FloatVector d = FloatVector.fromArray(FLOATS, x, from + 3 * step);
      FloatVector a1 = a.add(b);
      FloatVector b1 = a.sub(b);
      FloatVector c1 = c.add(d);
      FloatVector d1 = c.sub(d);
      int at = toOffset + i * pitch;
      a1.add(c1).intoArray(to, at);
      b1.add(d1).intoArray(to, at + toStep);
      a1.sub(c1).intoArray(to, at + 2 * toStep);
      b1.sub(d1).intoArray(to, at + 3 * toStep);
    }
  }

  private void radix8(float[] x, int offset, float[] to, int toOffset, int pitch, int distance) {
    for (int eight = 0; eight < order / 8; eight++) {
      int i = eight + (eight & -distance) * 7;
      butterfly8(
          x, offset + i * LANES, distance * LANES, to, toOffset + i * pitch, distance * pitch);
    }
  }

  private static void butterfly8(float[] x, int from, int step, float[] to, int at, int toStep) {
    FloatVector a = FloatVector.fromArray(FLOATS, x, from);
    FloatVector b = FloatVector.fromArray(FLOATS, x, from + step);
    FloatVector c = FloatVector.fromArray(FLOATS, x, from + 2 * step);
    FloatVector d = FloatVector.fromArray(FLOATS, x, from + 3 * step);
    FloatVector e = FloatVector.fromArray(FLOATS, x, from + 4 * step);
    FloatVector f = FloatVector.fromArray(FLOATS, x, from + 5 * step);
    FloatVector g = FloatVector.fromArray(FLOATS, x, from + 6 * step);
    FloatVector h = FloatVector.fromArray(FLOATS, x, from + 7 * step);
    FloatVector a1 = a.add(b);
    FloatVector b1 = a.sub(b);
    FloatVector c1 = c.add(d);
    FloatVector d1 = c.sub(d);
    FloatVector e1 = e.add(f);
    FloatVector f1 = e.sub(f);
    FloatVector g1 = g.add(h);
    FloatVector h1 = g.sub(h);
    FloatVector a2 = a1.add(c1);
    FloatVector b2 = b1.add(d1);
    FloatVector c2 = a1.sub(c1);
    FloatVector d2 = b1.sub(d1);
    FloatVector e2 = e1.add(g1);
    FloatVector f2 = f1.add(h1);
    FloatVector g2 = e1.sub(g1);
    FloatVector h2 = f1.sub(h1);
    a2.add(e2).intoArray(to, at);
    b2.add(f2).intoArray(to, at + toStep);
    c2.add(g2).intoArray(to, at + 2 * toStep);
    d2.add(h2).intoArray(to, at + 3 * toStep);
    a2.sub(e2).intoArray(to, at + 4 * toStep);
    b2.sub(f2).intoArray(to, at + 5 * toStep);
    c2.sub(g2).intoArray(to, at + 6 * toStep);
    d2.sub(h2).intoArray(to, at + 7 * toStep);
  }
}
