package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * The two products of attention for two to four queries, by two vectors at a time: eight
 * accumulators cover the latency of the multiply-adds. Missing queries repeat the last one.
 */
final class FourQueries {

  private static final int STEP = 2 * LANES;

  private FourQueries() {}

  /** Scores {@code (4, 64)}; past {@code visible} there may be anything. */
  static void scores(
      float[] q,
      int qOffset,
      int count,
      int headDim,
      float[] keys,
      int keyOffset,
      int visible,
      float[] scores) {
    int q1 = qOffset + Math.min(1, count - 1) * headDim;
    int q2 = qOffset + Math.min(2, count - 1) * headDim;
    int q3 = qOffset + Math.min(3, count - 1) * headDim;
    for (int token = 0; token < visible; token += STEP) {
      scores(q, qOffset, q1, q2, q3, headDim, keys, keyOffset + token, scores, token);
    }
  }

  private static void scores(
      float[] q,
      int q0,
      int q1,
      int q2,
      int q3,
      int headDim,
      float[] keys,
      int keyAt,
      float[] scores,
      int token) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int i = 0; i < headDim; i++) {
      FloatVector ka = FloatVector.fromArray(FLOATS, keys, keyAt + i * BLOCK_TOKENS);
      FloatVector kb = FloatVector.fromArray(FLOATS, keys, keyAt + i * BLOCK_TOKENS + LANES);
      FloatVector x0 = FloatVector.broadcast(FLOATS, q[q0 + i]);
      FloatVector x1 = FloatVector.broadcast(FLOATS, q[q1 + i]);
      FloatVector x2 = FloatVector.broadcast(FLOATS, q[q2 + i]);
      FloatVector x3 = FloatVector.broadcast(FLOATS, q[q3 + i]);
      a0 = x0.fma(ka, a0);
      b0 = x0.fma(kb, b0);
      a1 = x1.fma(ka, a1);
      b1 = x1.fma(kb, b1);
      a2 = x2.fma(ka, a2);
      b2 = x2.fma(kb, b2);
      a3 = x3.fma(ka, a3);
      b3 = x3.fma(kb, b3);
    }
    a0.intoArray(scores, token);
    b0.intoArray(scores, token + LANES);
    a1.intoArray(scores, BLOCK_TOKENS + token);
    b1.intoArray(scores, BLOCK_TOKENS + token + LANES);
    a2.intoArray(scores, 2 * BLOCK_TOKENS + token);
    b2.intoArray(scores, 2 * BLOCK_TOKENS + token + LANES);
    a3.intoArray(scores, 3 * BLOCK_TOKENS + token);
    b3.intoArray(scores, 3 * BLOCK_TOKENS + token + LANES);
  }

  /** {@code out = out * rescale + weights values} for {@code count} queries. */
  static void outputs(
      float[] weights,
      float[] rescales,
      int count,
      int headDim,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible,
      float[] out,
      int outOffset) {
    int whole = headDim - headDim % STEP;
    float[] sums = new float[4 * STEP];
    for (int channel = 0; channel < whole; channel += STEP) {
      for (int i = 0; i < count; i++) {
        Lanes.rescale(out, outOffset + i * headDim + channel, rescales[i], sums, i * STEP);
      }
      sums(weights, values, valueOffset + channel, valueStride, visible, sums);
      for (int i = 0; i < count; i++) {
        System.arraycopy(sums, i * STEP, out, outOffset + i * headDim + channel, STEP);
      }
    }
    for (int i = 0; i < count; i++) {
      OneQuery.tail(
          weights,
          i * BLOCK_TOKENS,
          rescales[i],
          whole,
          headDim,
          values,
          valueOffset,
          valueStride,
          visible,
          out,
          outOffset + i * headDim);
    }
  }

  private static void sums(
      float[] weights, float[] values, int valueAt, int valueStride, int visible, float[] sums) {
    FloatVector a0 = FloatVector.fromArray(FLOATS, sums, 0);
    FloatVector b0 = FloatVector.fromArray(FLOATS, sums, LANES);
    FloatVector a1 = FloatVector.fromArray(FLOATS, sums, STEP);
    FloatVector b1 = FloatVector.fromArray(FLOATS, sums, STEP + LANES);
    FloatVector a2 = FloatVector.fromArray(FLOATS, sums, 2 * STEP);
    FloatVector b2 = FloatVector.fromArray(FLOATS, sums, 2 * STEP + LANES);
    FloatVector a3 = FloatVector.fromArray(FLOATS, sums, 3 * STEP);
    FloatVector b3 = FloatVector.fromArray(FLOATS, sums, 3 * STEP + LANES);
    for (int token = 0; token < visible; token++) {
      int at = valueAt + token * valueStride;
      FloatVector va = FloatVector.fromArray(FLOATS, values, at);
      FloatVector vb = FloatVector.fromArray(FLOATS, values, at + LANES);
      FloatVector w0 = FloatVector.broadcast(FLOATS, weights[token]);
      FloatVector w1 = FloatVector.broadcast(FLOATS, weights[BLOCK_TOKENS + token]);
      FloatVector w2 = FloatVector.broadcast(FLOATS, weights[2 * BLOCK_TOKENS + token]);
      FloatVector w3 = FloatVector.broadcast(FLOATS, weights[3 * BLOCK_TOKENS + token]);
      a0 = w0.fma(va, a0);
      b0 = w0.fma(vb, b0);
      a1 = w1.fma(va, a1);
      b1 = w1.fma(vb, b1);
      a2 = w2.fma(va, a2);
      b2 = w2.fma(vb, b2);
      a3 = w3.fma(va, a3);
      b3 = w3.fma(vb, b3);
    }
    a0.intoArray(sums, 0);
    b0.intoArray(sums, LANES);
    a1.intoArray(sums, STEP);
    b1.intoArray(sums, STEP + LANES);
    a2.intoArray(sums, 2 * STEP);
    b2.intoArray(sums, 2 * STEP + LANES);
    a3.intoArray(sums, 3 * STEP);
    b3.intoArray(sums, 3 * STEP + LANES);
  }
}
