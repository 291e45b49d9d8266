package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One sequence's keys and values of one layer: encoded blocks, then the tail. */
final class LayerCache {

  private final List<@Nullable MemorySegment> blocks = new ArrayList<>();
  private final List<@Nullable KvTile> fresh = new ArrayList<>();
  private final Tail tail;
  private int missing;
  private long bytes;

  LayerCache(KvShape shape) {
    tail = new Tail(shape);
  }

  Tail tail() {
    return tail;
  }

  /** Reserves the first {@code count} blocks for {@link #put}. */
  void expect(int count) {
    for (int block = 0; block < count; block++) {
      blocks.add(null);
      fresh.add(null);
    }
    missing = count;
  }

  /** Fills a reserved block; false if it was there. */
  boolean put(int block, MemorySegment encoded, Arena arena) {
    if (blocks.get(block) != null) {
      return false;
    }
    blocks.set(block, copy(encoded, arena));
    missing--;
    return true;
  }

  /** Blocks that {@link #expect} announced and {@link #put} has not yet brought. */
  int missing() {
    return missing;
  }

  /** Appends an encoded block; {@code tile}, if given, is what prompts attend to until sealed. */
  MemorySegment add(MemorySegment encoded, @Nullable KvTile tile, Arena arena) {
    MemorySegment block = copy(encoded, arena);
    blocks.add(block);
    fresh.add(tile);
    return block;
  }

  MemorySegment block(int index) {
    MemorySegment block = blocks.get(index);
    if (block == null) {
      throw new IllegalStateException("block " + index + " has not been loaded");
    }
    return block;
  }

  @Nullable KvTile fresh(int index) {
    return fresh.get(index);
  }

  void seal() {
    fresh.replaceAll(tile -> null);
  }

  long bytes() {
    return bytes;
  }

  private MemorySegment copy(MemorySegment encoded, Arena arena) {
    MemorySegment block = arena.allocate(encoded.byteSize(), Long.SIZE);
    block.copyFrom(encoded);
    bytes += encoded.byteSize();
    return block;
  }
}
