package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * Products with the order-12 factor of {@link io.rotatekv.kernels.scalar.Hadamard} and with its
 * transpose. Its blocks are the all-ones matrix {@code A} and {@code B = C = D}, one plus and two
 * minus signs per row, so each block of inputs needs four sums.
 */
final class Williamson12 {

  private static final int WIDTH = 3;

  private Williamson12() {}

  /** Replaces the 12 vectors that lie {@code pitch} apart. */
  static void forward(float[] x, int at, int pitch) {
    multiply(x, at, pitch, x, at, pitch, false);
  }

  /** Product with the transpose. */
  static void inverse(float[] x, int from, int pitch, float[] to, int at, int toPitch) {
    multiply(x, from, pitch, to, at, toPitch, true);
  }

  private static void multiply(
      float[] x, int from, int pitch, float[] to, int at, int toPitch, boolean transposed) {
    // All inputs are read before the first output is written, since both may be one array.
    FloatVector p0 = load(x, from, pitch, 0);
    FloatVector p1 = load(x, from, pitch, 1);
    FloatVector p2 = load(x, from, pitch, 2);
    FloatVector q0 = load(x, from, pitch, 3);
    FloatVector q1 = load(x, from, pitch, 4);
    FloatVector q2 = load(x, from, pitch, 5);
    FloatVector r0 = load(x, from, pitch, 6);
    FloatVector r1 = load(x, from, pitch, 7);
    FloatVector r2 = load(x, from, pitch, 8);
    FloatVector s0 = load(x, from, pitch, 9);
    FloatVector s1 = load(x, from, pitch, 10);
    FloatVector s2 = load(x, from, pitch, 11);
    FloatVector pa = p0.add(p1).add(p2);
    FloatVector qa = q0.add(q1).add(q2);
    FloatVector ra = r0.add(r1).add(r2);
    FloatVector sa = s0.add(s1).add(s2);
    int step = WIDTH * toPitch;
    rows(
        pa,
        qa,
        ra,
        sa,
        first(p0, p1, p2),
        first(q0, q1, q2),
        first(r0, r1, r2),
        first(s0, s1, s2),
        to,
        at,
        step,
        transposed);
    rows(
        pa,
        qa,
        ra,
        sa,
        second(p0, p1, p2),
        second(q0, q1, q2),
        second(r0, r1, r2),
        second(s0, s1, s2),
        to,
        at + toPitch,
        step,
        transposed);
    rows(
        pa,
        qa,
        ra,
        sa,
        third(p0, p1, p2),
        third(q0, q1, q2),
        third(r0, r1, r2),
        third(s0, s1, s2),
        to,
        at + 2 * toPitch,
        step,
        transposed);
  }

  /** The same row of the four block rows. */
  private static void rows(
      FloatVector pa,
      FloatVector qa,
      FloatVector ra,
      FloatVector sa,
      FloatVector pb,
      FloatVector qb,
      FloatVector rb,
      FloatVector sb,
      float[] to,
      int at,
      int step,
      boolean transposed) {
    if (transposed) {
      pa.sub(qb).sub(rb).sub(sb).intoArray(to, at);
      pb.add(qa).add(rb).sub(sb).intoArray(to, at + step);
      pb.sub(qb).add(ra).add(sb).intoArray(to, at + 2 * step);
      pb.add(qb).sub(rb).add(sa).intoArray(to, at + 3 * step);
    } else {
      pa.add(qb).add(rb).add(sb).intoArray(to, at);
      qa.sub(pb).sub(rb).add(sb).intoArray(to, at + step);
      qb.sub(pb).add(ra).sub(sb).intoArray(to, at + 2 * step);
      pb.neg().sub(qb).add(rb).add(sa).intoArray(to, at + 3 * step);
    }
  }

  private static FloatVector load(float[] x, int from, int pitch, int index) {
    return FloatVector.fromArray(FLOATS, x, from + index * pitch);
  }

  private static FloatVector first(FloatVector a, FloatVector b, FloatVector c) {
    return a.sub(b).sub(c);
  }

  private static FloatVector second(FloatVector a, FloatVector b, FloatVector c) {
    return b.sub(a).sub(c);
  }

  private static FloatVector third(FloatVector a, FloatVector b, FloatVector c) {
    return c.sub(a.add(b));
  }
}
