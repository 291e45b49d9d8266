package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.BlockListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A sequence in main memory. Its monitor guards what {@link #load} shares with the engine. */
final class CpuSequence implements EngineSequence {

  private final CodecContext codec;
  private final List<LayerCache> layers;
  private final BlockListener listener;
  // Shared: blocks are loaded by one thread, read by the compute team and sent by a third.
  private final Arena arena = Arena.ofShared();
  private int length;
  private boolean closed;
  private @Nullable RuntimeException failure;

  CpuSequence(CodecContext codec, BlockListener listener) {
    KvShape shape = codec.shape();
    this.codec = codec;
    this.layers =
        IntStream.range(0, shape.layers()).mapToObj(layer -> new LayerCache(shape)).toList();
    this.listener = listener;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public void grow(int tokens) {
    length += tokens;
  }

  LayerCache layer(int layer) {
    return layers.get(layer);
  }

  /** Appends a block that this engine encoded, and tells the listener. */
  void add(int layer, int block, MemorySegment encoded, @Nullable KvTile tile) {
    MemorySegment stored = append(layer, encoded, tile);
    listener.onBlock(block, layer, stored);
  }

  private synchronized MemorySegment append(
      int layer, MemorySegment encoded, @Nullable KvTile tile) {
    return layers.get(layer).add(encoded, tile, arena);
  }

  @Override
  public synchronized void expect(int blocks) {
    if (length != 0) {
      throw new IllegalStateException("only an empty sequence can take stored blocks");
    }
    layers.forEach(layer -> layer.expect(blocks));
    length = blocks * BLOCK_TOKENS;
  }

  @Override
  public void load(int block, int layer, MemorySegment bytes) {
    Blocks.verify(bytes, codec, layer);
    store(block, layer, bytes);
  }

  private synchronized void store(int block, int layer, MemorySegment bytes) {
    if (!closed && layers.get(layer).put(block, bytes, arena)) {
      notifyAll();
    }
  }

  @Override
  public synchronized void abort(RuntimeException cause) {
    failure = cause;
    notifyAll();
  }

  @Override
  public synchronized boolean loaded(int layer) {
    return layers.subList(0, layer + 1).stream().allMatch(cache -> cache.missing() == 0);
  }

  @Override
  public synchronized void await(int layer) {
    while (layers.get(layer).missing() > 0) {
      if (failure != null) {
        throw failure;
      }
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for blocks", e);
      }
    }
  }

  @Override
  public void seal() {
    layers.forEach(LayerCache::seal);
  }

  @Override
  public synchronized long blockBytes() {
    return layers.stream().mapToLong(LayerCache::bytes).sum();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
