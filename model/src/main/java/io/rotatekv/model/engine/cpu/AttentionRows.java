package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.model.ModelConfig;
import java.util.Arrays;

/** The life of a row in attention: its query rotated, tiles folded into its state, its output. */
final class AttentionRows {

  private final Kernels kernels;
  private final ModelConfig config;
  private final RopeTable rope;
  private final float scale;

  AttentionRows(Kernels kernels, ModelConfig config, RopeTable rope) {
    this.kernels = kernels;
    this.config = config;
    this.rope = rope;
    this.scale = (float) (1 / Math.sqrt(config.headDim()));
  }

  /** Applies RoPE and {@code 1 / sqrt(headDim)} to the query of a token at {@code position}. */
  void rotateQuery(Workspace w, int row, int position) {
    int queryDim = config.queryDim();
    kernels.rope().rotate(w.query, row * queryDim, config.heads(), position, rope);
    for (int i = row * queryDim; i < (row + 1) * queryDim; i++) {
      w.query[i] *= scale;
    }
  }

  /** Empties the state and the outputs of rows. */
  void clear(Workspace w, int firstRow, int count) {
    int heads = config.heads();
    int queryDim = config.queryDim();
    Arrays.fill(w.attention, firstRow * queryDim, (firstRow + count) * queryDim, 0f);
    for (int i = firstRow * heads; i < (firstRow + count) * heads; i++) {
      w.softmax[2 * i] = Float.NEGATIVE_INFINITY;
      w.softmax[2 * i + 1] = 0f;
    }
  }

  /**
   * Folds the first {@code visible} tokens of one tile into the row's queries of one KV head.
   *
   * @param keys {@code (headDim, 64)} from {@code keyOffset} on
   * @param values {@code (64, valueStride)}; the head's channels start at {@code valueOffset}
   */
  void fold(
      Workspace w,
      int row,
      int kvHead,
      float[] keys,
      int keyOffset,
      float[] values,
      int valueOffset,
      int valueStride,
      int visible) {
    int headDim = config.headDim();
    int shared = config.heads() / config.kvHeads();
    int head = row * config.heads() + kvHead * shared;
    kernels
        .attention()
        .fold(
            w.query,
            head * headDim,
            shared,
            headDim,
            keys,
            keyOffset,
            values,
            valueOffset,
            valueStride,
            visible,
            w.softmax,
            head * 2,
            w.attention,
            head * headDim);
  }

  /** Folds a whole tile of all KV heads' channels. */
  void fold(Workspace w, int row, int kvHead, KvTile tile, int visible) {
    int channel = kvHead * config.headDim();
    fold(
        w,
        row,
        kvHead,
        tile.keys(),
        channel * BLOCK_TOKENS,
        tile.values(),
        channel,
        config.kvDim(),
        visible);
  }

  /** Divides the outputs of rows by the sums of their softmax. */
  void finish(Workspace w, int firstRow, int count) {
    int heads = config.heads();
    int headDim = config.headDim();
    for (int head = firstRow * heads; head < (firstRow + count) * heads; head++) {
      float inverse = 1 / w.softmax[2 * head + 1];
      for (int i = head * headDim; i < (head + 1) * headDim; i++) {
        w.attention[i] *= inverse;
      }
    }
  }
}
