package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.ops.TileAttention;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Up to four queries at a time share the loads of keys and of values. Lanes are tokens in the
 * scores, since keys are channel-major, and channels in the outputs. Sums run over ascending
 * channels and tokens, so scores and outputs do not depend on how many queries there are.
 */
final class TileAttentionKernel implements TileAttention {

  private static final int QUERIES = 4;

  @Override
  public void fold(
      float[] q,
      int qOffset,
      int queries,
      int headDim,
      float[] keys,
      int keyOffset,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible,
      float[] state,
      int stateOffset,
      float[] out,
      int outOffset) {
    float[] weights = new float[QUERIES * BLOCK_TOKENS];
    float[] rescales = new float[QUERIES];
    for (int first = 0; first < queries; first += QUERIES) {
      int count = Math.min(QUERIES, queries - first);
      int from = qOffset + first * headDim;
      int to = outOffset + first * headDim;
      if (count == 1) {
        OneQuery.scores(q, from, headDim, keys, keyOffset, visible, weights);
      } else {
        FourQueries.scores(q, from, count, headDim, keys, keyOffset, visible, weights);
      }
      for (int i = 0; i < count; i++) {
        rescales[i] =
            softmax(weights, i * BLOCK_TOKENS, visible, state, stateOffset + 2 * (first + i));
      }
      if (count == 1) {
        OneQuery.outputs(
            weights, rescales, headDim, values, valueOffset, valueStride, visible, out, to);
      } else {
        FourQueries.outputs(
            weights, rescales, count, headDim, values, valueOffset, valueStride, visible, out, to);
      }
    }
  }

  /** Turns scores into weights, updates the state, and returns what earlier sums shrink by. */
  private static float softmax(float[] scores, int at, int visible, float[] state, int stateAt) {
    Arrays.fill(scores, at + visible, at + BLOCK_TOKENS, Float.NEGATIVE_INFINITY);
    FloatVector largest = FloatVector.broadcast(FLOATS, state[stateAt]);
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      largest = largest.max(FloatVector.fromArray(FLOATS, scores, at + token));
    }
    float maximum = largest.reduceLanes(VectorOperators.MAX);
    float rescale = Exp.exp(FloatVector.broadcast(FLOATS, state[stateAt]).sub(maximum)).lane(0);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      FloatVector score = FloatVector.fromArray(FLOATS, scores, at + token);
      FloatVector weight = Exp.exp(score.sub(maximum));
      weight.intoArray(scores, at + token);
      sum = sum.add(weight);
    }
    state[stateAt] = maximum;
    state[stateAt + 1] = Math.fma(state[stateAt + 1], rescale, Lanes.sum(sum));
    return rescale;
  }
}
