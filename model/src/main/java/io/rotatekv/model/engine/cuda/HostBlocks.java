package io.rotatekv.model.engine.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Host memory for the blocks that the engine makes. What closed sequences give back is used again:
 * to write fresh memory takes longer than to copy a block. Safe for many threads.
 */
final class HostBlocks implements AutoCloseable {

  // Shared: blocks are written by the engine and sent by other threads.
  private final Arena arena = Arena.ofShared();
  private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();

  /** Memory of a size, with undefined content. */
  synchronized MemorySegment take(long bytes) {
    Deque<MemorySegment> fitting = free.get(bytes);
    return fitting == null || fitting.isEmpty() ? arena.allocate(bytes, Long.BYTES) : fitting.pop();
  }

  /** Takes memory back, which nobody may read any more. */
  synchronized void give(MemorySegment block) {
    free.computeIfAbsent(block.byteSize(), size -> new ArrayDeque<>()).push(block);
  }

  @Override
  public void close() {
    arena.close();
  }
}
