package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.ops.TileAttention;

/** One query after the other; scores sum over ascending channels, outputs over ascending tokens. */
final class TileAttentionKernel implements TileAttention {

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
    float[] weights = new float[visible];
    for (int query = 0; query < queries; query++) {
      scores(q, qOffset + query * headDim, headDim, keys, keyOffset, weights);
      float rescale = softmax(weights, state, stateOffset + 2 * query);
      int to = outOffset + query * headDim;
      for (int i = 0; i < headDim; i++) {
        float sum = out[to + i] * rescale;
        for (int token = 0; token < visible; token++) {
          float value = values[valueOffset + token * valueStride + i];
          sum = Math.fma(weights[token], value, sum);
        }
        out[to + i] = sum;
      }
    }
  }

  private static void scores(
      float[] q, int qOffset, int headDim, float[] keys, int keyOffset, float[] scores) {
    for (int token = 0; token < scores.length; token++) {
      float sum = 0;
      for (int i = 0; i < headDim; i++) {
        sum = Math.fma(q[qOffset + i], keys[keyOffset + i * BLOCK_TOKENS + token], sum);
      }
      scores[token] = sum;
    }
  }

  /** Turns scores into weights, updates the state, and returns what earlier sums shrink by. */
  private static float softmax(float[] scores, float[] state, int at) {
    float maximum = state[at];
    for (float score : scores) {
      maximum = Math.max(maximum, score);
    }
    float rescale = Exp.exp(state[at] - maximum);
    float sum = 0;
    for (int token = 0; token < scores.length; token++) {
      scores[token] = Exp.exp(scores[token] - maximum);
      sum += scores[token];
    }
    state[at] = maximum;
    state[at + 1] = Math.fma(state[at + 1], rescale, sum);
    return rescale;
  }
}
