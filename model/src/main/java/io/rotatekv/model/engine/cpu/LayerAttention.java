package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.model.engine.BlockListener;
import java.util.List;

/** Attention over a cache of its own kind, which it opens itself. */
interface LayerAttention {

  EngineSequence open(BlockListener listener);

  /** What encoding has lost so far, by layer; empty where nothing is encoded. */
  default List<EncodeStats> encodeStats() {
    return List.of();
  }

  /**
   * Attends for {@code rows} new tokens of one sequence and one layer.
   *
   * @param sequence one that this attention opened
   * @param w holds hidden states, queries, keys and values before RoPE from row {@code firstRow}
   *     on; gets the outputs of attention in the model's basis
   */
  void attend(EngineSequence sequence, int layer, int firstRow, int rows, Workspace w);
}
