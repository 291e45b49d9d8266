package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * Products with the order-12 factor of {@link io.rotatekv.kernels.scalar.Hadamard} and with its
 * transpose. Its blocks are the all-ones matrix {@code A} and {@code B = C = D}, one plus and two
 * minus signs per row, so each block of inputs needs four sums.
 */
final class Williamson12 {

  private Williamson12() {}

  /** {@code to = H x}, for 12 vectors that lie {@code pitch} and {@code toPitch} apart. */
  static void forward(float[] x, int from, int pitch, float[] to, int at, int toPitch) {
    // All inputs are read before the first output is written, since both may be one array.
    FloatVector p0 = FloatVector.fromArray(FLOATS, x, from);
    FloatVector p1 = FloatVector.fromArray(FLOATS, x, from + pitch);
    FloatVector p2 = FloatVector.fromArray(FLOATS, x, from + 2 * pitch);
    FloatVector q0 = FloatVector.fromArray(FLOATS, x, from + 3 * pitch);
    FloatVector q1 = FloatVector.fromArray(FLOATS, x, from + 4 * pitch);
    FloatVector q2 = FloatVector.fromArray(FLOATS, x, from + 5 * pitch);
    FloatVector r0 = FloatVector.fromArray(FLOATS, x, from + 6 * pitch);
    FloatVector r1 = FloatVector.fromArray(FLOATS, x, from + 7 * pitch);
    FloatVector r2 = FloatVector.fromArray(FLOATS, x, from + 8 * pitch);
    FloatVector s0 = FloatVector.fromArray(FLOATS, x, from + 9 * pitch);
    FloatVector s1 = FloatVector.fromArray(FLOATS, x, from + 10 * pitch);
    FloatVector s2 = FloatVector.fromArray(FLOATS, x, from + 11 * pitch);
    FloatVector pa = p0.add(p1).add(p2);
    FloatVector qa = q0.add(q1).add(q2);
    FloatVector ra = r0.add(r1).add(r2);
    FloatVector sa = s0.add(s1).add(s2);
    FloatVector px = p0.sub(p1).sub(p2);
    FloatVector py = p1.sub(p0).sub(p2);
    FloatVector pz = p2.sub(p0.add(p1));
    FloatVector qx = q0.sub(q1).sub(q2);
    FloatVector qy = q1.sub(q0).sub(q2);
    FloatVector qz = q2.sub(q0.add(q1));
    FloatVector rx = r0.sub(r1).sub(r2);
    FloatVector ry = r1.sub(r0).sub(r2);
    FloatVector rz = r2.sub(r0.add(r1));
    FloatVector sx = s0.sub(s1).sub(s2);
    FloatVector sy = s1.sub(s0).sub(s2);
    FloatVector sz = s2.sub(s0.add(s1));
    pa.add(qx).add(rx).add(sx).intoArray(to, at);
    pa.add(qy).add(ry).add(sy).intoArray(to, at + toPitch);
    pa.add(qz).add(rz).add(sz).intoArray(to, at + 2 * toPitch);
    qa.sub(px).sub(rx).add(sx).intoArray(to, at + 3 * toPitch);
    qa.sub(py).sub(ry).add(sy).intoArray(to, at + 4 * toPitch);
    qa.sub(pz).sub(rz).add(sz).intoArray(to, at + 5 * toPitch);
    qx.sub(px).add(ra).sub(sx).intoArray(to, at + 6 * toPitch);
    qy.sub(py).add(ra).sub(sy).intoArray(to, at + 7 * toPitch);
    qz.sub(pz).add(ra).sub(sz).intoArray(to, at + 8 * toPitch);
    px.neg().sub(qx).add(rx).add(sa).intoArray(to, at + 9 * toPitch);
    py.neg().sub(qy).add(ry).add(sa).intoArray(to, at + 10 * toPitch);
    pz.neg().sub(qz).add(rz).add(sa).intoArray(to, at + 11 * toPitch);
  }

  /** {@code to = H^T x}, as {@link #forward}. */
  static void inverse(float[] x, int from, int pitch, float[] to, int at, int toPitch) {
    // All inputs are read before the first output is written, since both may be one array.
    FloatVector p0 = FloatVector.fromArray(FLOATS, x, from);
    FloatVector p1 = FloatVector.fromArray(FLOATS, x, from + pitch);
    FloatVector p2 = FloatVector.fromArray(FLOATS, x, from + 2 * pitch);
    FloatVector q0 = FloatVector.fromArray(FLOATS, x, from + 3 * pitch);
    FloatVector q1 = FloatVector.fromArray(FLOATS, x, from + 4 * pitch);
    FloatVector q2 = FloatVector.fromArray(FLOATS, x, from + 5 * pitch);
    FloatVector r0 = FloatVector.fromArray(FLOATS, x, from + 6 * pitch);
    FloatVector r1 = FloatVector.fromArray(FLOATS, x, from + 7 * pitch);
    FloatVector r2 = FloatVector.fromArray(FLOATS, x, from + 8 * pitch);
    FloatVector s0 = FloatVector.fromArray(FLOATS, x, from + 9 * pitch);
    FloatVector s1 = FloatVector.fromArray(FLOATS, x, from + 10 * pitch);
    FloatVector s2 = FloatVector.fromArray(FLOATS, x, from + 11 * pitch);
    FloatVector pa = p0.add(p1).add(p2);
    FloatVector qa = q0.add(q1).add(q2);
    FloatVector ra = r0.add(r1).add(r2);
    FloatVector sa = s0.add(s1).add(s2);
    FloatVector px = p0.sub(p1).sub(p2);
    FloatVector py = p1.sub(p0).sub(p2);
    FloatVector pz = p2.sub(p0.add(p1));
    FloatVector qx = q0.sub(q1).sub(q2);
    FloatVector qy = q1.sub(q0).sub(q2);
    FloatVector qz = q2.sub(q0.add(q1));
    FloatVector rx = r0.sub(r1).sub(r2);
    FloatVector ry = r1.sub(r0).sub(r2);
    FloatVector rz = r2.sub(r0.add(r1));
    FloatVector sx = s0.sub(s1).sub(s2);
    FloatVector sy = s1.sub(s0).sub(s2);
    FloatVector sz = s2.sub(s0.add(s1));
    pa.sub(qx).sub(rx).sub(sx).intoArray(to, at);
    pa.sub(qy).sub(ry).sub(sy).intoArray(to, at + toPitch);
    pa.sub(qz).sub(rz).sub(sz).intoArray(to, at + 2 * toPitch);
    px.add(qa).add(rx).sub(sx).intoArray(to, at + 3 * toPitch);
    py.add(qa).add(ry).sub(sy).intoArray(to, at + 4 * toPitch);
    pz.add(qa).add(rz).sub(sz).intoArray(to, at + 5 * toPitch);
    px.sub(qx).add(ra).add(sx).intoArray(to, at + 6 * toPitch);
    py.sub(qy).add(ra).add(sy).intoArray(to, at + 7 * toPitch);
    pz.sub(qz).add(ra).add(sz).intoArray(to, at + 8 * toPitch);
    px.add(qx).sub(rx).add(sa).intoArray(to, at + 9 * toPitch);
    py.add(qy).sub(ry).add(sa).intoArray(to, at + 10 * toPitch);
    pz.add(qz).sub(rz).add(sa).intoArray(to, at + 11 * toPitch);
  }
}
