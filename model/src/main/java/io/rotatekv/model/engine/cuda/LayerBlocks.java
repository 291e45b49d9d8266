package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaEvent;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where the stored blocks of one layer of one sequence lie. */
final class LayerBlocks {

  private static final long MISSING = -1;

  private long[] places = new long[8];
  private int count;
  private int missing;
  private long bytes;
  private @Nullable CudaEvent ready;

  /** Blocks, those included that are still to come. */
  int count() {
    return count;
  }

  /** Blocks that {@link #expect} announced and {@link #put} has not yet brought. */
  int missing() {
    return missing;
  }

  /** Bytes of the blocks that are there. */
  long bytes() {
    return bytes;
  }

  /** What to wait for before reading; null where nothing was loaded. */
  @Nullable CudaEvent ready() {
    return ready;
  }

  void ready(CudaEvent event) {
    ready = event;
  }

  /** Reserves the first {@code blocks} blocks for {@link #put}. */
  void expect(int blocks) {
    reserve(blocks);
    Arrays.fill(places, 0, blocks, MISSING);
    count = blocks;
    missing = blocks;
  }

  boolean has(int block) {
    return places[block] != MISSING;
  }

  /** Fills a reserved block. */
  void put(int block, long at, long size) {
    places[block] = at;
    bytes += size;
    missing--;
  }

  /** Appends a block. */
  void add(long at, long size) {
    reserve(count + 1);
    places[count++] = at;
    bytes += size;
  }

  /** Writes the addresses of all blocks, 64 bits each. */
  void write(CacheMemory memory, MemorySegment to) {
    for (int block = 0; block < count; block++) {
      to.setAtIndex(ValueLayout.JAVA_LONG, block, memory.address(places[block]));
    }
  }

  /** Gives all memory back. */
  void free(CacheMemory memory) {
    for (int block = 0; block < count; block++) {
      if (has(block)) {
        memory.free(places[block]);
      }
    }
    if (ready != null) {
      ready.close();
    }
  }

  private void reserve(int blocks) {
    if (blocks > places.length) {
      places = Arrays.copyOf(places, Math.max(blocks, 2 * places.length));
    }
  }
}
