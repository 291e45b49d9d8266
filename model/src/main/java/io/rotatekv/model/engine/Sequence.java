package io.rotatekv.model.engine;

import java.lang.foreign.MemorySegment;

/** The KV cache of one prompt and its answer, as an engine holds it. */
public interface Sequence extends AutoCloseable {

  /** Tokens in the cache. */
  int length();

  /**
   * Announces that the first {@code blocks} blocks come from a store, through {@link #load}. The
   * sequence must be empty; its length becomes {@code 64 * blocks} at once, and a step waits at
   * each layer until that layer's blocks are there.
   */
  void expect(int blocks);

  /**
   * Verifies and takes over one stored block. Callable from any one thread while the engine runs.
   *
   * @param bytes the block; copied
   * @throws io.rotatekv.kernels.block.BlockException if it is corrupt or not of this engine's codec
   */
  void load(int block, int layer, MemorySegment bytes);

  /** Makes steps that wait for {@link #load} fail with {@code cause} instead. */
  void abort(RuntimeException cause);

  /** Whether all blocks of layers 0 to {@code layer} that were announced have been loaded. */
  boolean loaded(int layer);

  /**
   * Ends the prompt's part that other nodes can reuse: with {@link Attend#FULL} the full-precision
   * keys and values are dropped, so that what follows attends to the same bytes as any other node.
   */
  void seal();

  /** Bytes that the sequence's encoded blocks take. */
  long blockBytes();

  @Override
  void close();
}
