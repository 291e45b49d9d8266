package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import jdk.incubator.vector.FloatVector;

/** The two products of attention for one query, by four vectors at a time. */
final class OneQuery {

  private static final int STEP = 4 * LANES;

  private OneQuery() {}

  /** Scores {@code (64)}; past {@code visible} there may be anything. */
  static void scores(
      float[] q,
      int qOffset,
      int headDim,
      float[] keys,
      int keyOffset,
      int visible,
      float[] scores) {
    for (int token = 0; token < visible; token += STEP) {
      scores(q, qOffset, headDim, keys, keyOffset + token, scores, token);
    }
  }

  private static void scores(
      float[] q, int qOffset, int headDim, float[] keys, int keyAt, float[] scores, int token) {
    FloatVector s0 = FloatVector.zero(FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    for (int i = 0; i < headDim; i++) {
      int at = keyAt + i * BLOCK_TOKENS;
      FloatVector x = FloatVector.broadcast(FLOATS, q[qOffset + i]);
      s0 = x.fma(FloatVector.fromArray(FLOATS, keys, at), s0);
      s1 = x.fma(FloatVector.fromArray(FLOATS, keys, at + LANES), s1);
      s2 = x.fma(FloatVector.fromArray(FLOATS, keys, at + 2 * LANES), s2);
      s3 = x.fma(FloatVector.fromArray(FLOATS, keys, at + 3 * LANES), s3);
    }
    s0.intoArray(scores, token);
    s1.intoArray(scores, token + LANES);
    s2.intoArray(scores, token + 2 * LANES);
    s3.intoArray(scores, token + 3 * LANES);
  }

  /** {@code out = out * rescale + weights values}. */
  static void outputs(
      float[] weights,
      float[] rescales,
      int headDim,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible,
      float[] out,
      int outOffset) {
    int whole = headDim - headDim % STEP;
    for (int channel = 0; channel < whole; channel += STEP) {
      sums(
          weights,
          rescales[0],
          values,
          valueOffset + channel,
          valueStride,
          visible,
          out,
          outOffset + channel);
    }
    tail(
        weights,
        0,
        rescales[0],
        whole,
        headDim,
        values,
        valueOffset,
        valueStride,
        visible,
        out,
        outOffset);
  }

  private static void sums(
      float[] weights,
      float rescale,
      float[] values,
      int valueAt,
      int valueStride,
      int visible,
      float[] out,
      int to) {
    FloatVector s0 = FloatVector.fromArray(FLOATS, out, to).mul(rescale);
    FloatVector s1 = FloatVector.fromArray(FLOATS, out, to + LANES).mul(rescale);
    FloatVector s2 = FloatVector.fromArray(FLOATS, out, to + 2 * LANES).mul(rescale);
    FloatVector s3 = FloatVector.fromArray(FLOATS, out, to + 3 * LANES).mul(rescale);
    for (int token = 0; token < visible; token++) {
      int at = valueAt + token * valueStride;
      FloatVector w = FloatVector.broadcast(FLOATS, weights[token]);
      s0 = w.fma(FloatVector.fromArray(FLOATS, values, at), s0);
      s1 = w.fma(FloatVector.fromArray(FLOATS, values, at + LANES), s1);
      s2 = w.fma(FloatVector.fromArray(FLOATS, values, at + 2 * LANES), s2);
      s3 = w.fma(FloatVector.fromArray(FLOATS, values, at + 3 * LANES), s3);
    }
    s0.intoArray(out, to);
    s1.intoArray(out, to + LANES);
    s2.intoArray(out, to + 2 * LANES);
    s3.intoArray(out, to + 3 * LANES);
  }

  /** Channels {@code from} to {@code headDim - 1} of one query, one by one. */
  static void tail(
      float[] weights,
      int weightAt,
      float rescale,
      int from,
      int headDim,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible,
      float[] out,
      int outOffset) {
    for (int i = from; i < headDim; i++) {
      float sum = out[outOffset + i] * rescale;
      for (int token = 0; token < visible; token++) {
        float value = values[valueOffset + token * valueStride + i];
        sum = Math.fma(weights[weightAt + token], value, sum);
      }
      out[outOffset + i] = sum;
    }
  }
}
