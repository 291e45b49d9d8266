package io.rotatekv.model.engine;

import java.lang.foreign.MemorySegment;

/** Is told of blocks as an engine fills them. */
@FunctionalInterface
public interface BlockListener {

  /** Ignores blocks. */
  BlockListener NONE = (block, layer, bytes) -> {};

  /**
   * A block is full and encoded.
   *
   * @param block index of the block in its sequence
   * @param layer the layer, from 0
   * @param bytes the block; valid as long as its sequence is open
   */
  void onBlock(int block, int layer, MemorySegment bytes);
}
