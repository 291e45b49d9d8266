package io.rotatekv.model.calibration;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.cpu.LayerWindow;

/**
 * What an error of a key costs in one layer, measured at the output of its attention. A query q
 * that gives token t the weight a, and whose head puts out o, turns an error e of t's key before
 * RoPE into an error {@code (R q) . e} of a score, R the rotation by their distance, and that, to
 * first order, into {@code a W (v - o)} times as much behind the output projection W. So the mean
 * square of the error is {@code e^T C e} with {@code C = E[a^2 |W (v - o)|^2 (R q)(R q)^T]}, per KV
 * head. Sinks are left out, since nothing of them is quantized.
 */
final class KeyImportance {

  /** One query in this many is enough. */
  private static final int QUERY_STEP = 16;

  /** Tokens with less than this share of the largest weight change nothing: weights are squared. */
  private static final float NEGLIGIBLE = 0.01f;

  private final int heads;
  private final int kvHeads;
  private final int headDim;
  private final int triangle;
  private final RopeTable rope;
  private final float[][] projection; // W^T W by head, (headDim, headDim)
  private final double[] sums; // (kvHeads, headDim (headDim + 1) / 2), lower triangles

  /**
   * Of one layer.
   *
   * @param output the layer's output projection
   * @param rope for as many positions as windows have
   */
  KeyImportance(ModelConfig config, Matrix output, MatMul weights, RopeTable rope) {
    heads = config.heads();
    kvHeads = config.kvHeads();
    headDim = config.headDim();
    triangle = headDim * (headDim + 1) / 2;
    this.rope = rope;
    projection = squares(output, weights);
    sums = new double[kvHeads * triangle];
  }

  private float[][] squares(Matrix output, MatMul weights) {
    float[][] squares = new float[heads][headDim * headDim];
    float[] row = new float[output.columns()];
    for (int r = 0; r < output.rows(); r++) {
      weights.row(output, r, row, 0);
      for (int head = 0; head < heads; head++) {
        for (int i = 0; i < headDim; i++) {
          float x = row[head * headDim + i];
          for (int j = 0; j < headDim; j++) {
            squares[head][i * headDim + j] += x * row[head * headDim + j];
          }
        }
      }
    }
    return squares;
  }

  /**
   * Adds a window of which all queries are there.
   *
   * @param sinkThreshold the size of hidden states above which a token is a sink
   */
  void add(LayerWindow window, float sinkThreshold, Team team) {
    float[] keys = window.rotated(window.keys());
    int queriesPerKv = heads / kvHeads;
    team.run(
        kvHeads,
        kvHead -> {
          HeadAttention attention = new HeadAttention(window, keys, sinkThreshold, kvHead);
          for (int row = QUERY_STEP - 1; row < window.queryRows(); row += QUERY_STEP) {
            for (int head = kvHead * queriesPerKv; head < (kvHead + 1) * queriesPerKv; head++) {
              add(attention, window, head, kvHead, row);
            }
          }
        });
  }

  private void add(HeadAttention attention, LayerWindow window, int head, int kvHead, int row) {
    int position = window.tokens() - window.queryRows() + row;
    float least = NEGLIGIBLE * attention.attend(heads, head, row, position);
    float[] turned = new float[headDim];
    for (int token = 0; token <= position; token++) {
      float weight = attention.weight(token);
      if (weight > least) {
        turn(window.queries(), (row * heads + head) * headDim, token, turned);
        accumulate(kvHead, weight * weight * attention.effect(projection[head], token), turned);
      }
    }
  }

  /** The query as a key before RoPE at {@code token} meets it. */
  private void turn(float[] queries, int at, int token, float[] turned) {
    int pairs = rope.pairs();
    for (int i = 0; i < pairs; i++) {
      float cos = rope.cos()[token * pairs + i];
      float sin = rope.sin()[token * pairs + i];
      turned[i] = queries[at + i] * cos + queries[at + pairs + i] * sin;
      turned[pairs + i] = queries[at + pairs + i] * cos - queries[at + i] * sin;
    }
  }

  private void accumulate(int kvHead, float cost, float[] turned) {
    int at = kvHead * triangle;
    for (int i = 0; i < headDim; i++) {
      float scaled = cost * turned[i];
      for (int j = 0; j <= i; j++) {
        sums[at++] += scaled * turned[j];
      }
    }
  }

  /**
   * Lower triangles of C, by row, {@code (kvHeads, headDim (headDim + 1) / 2)}, times what makes
   * the largest element 1 (feedback knows no scale) and rounded to FP16, as artifacts keep them.
   */
  float[] importance() {
    double largest = 0;
    for (double sum : sums) {
      largest = Math.max(largest, Math.abs(sum));
    }
    float[] importance = new float[sums.length];
    for (int i = 0; i < sums.length && largest > 0; i++) {
      importance[i] = Float.float16ToFloat(Float.floatToFloat16((float) (sums[i] / largest)));
    }
    return importance;
  }
}
