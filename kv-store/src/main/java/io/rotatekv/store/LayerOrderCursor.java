package io.rotatekv.store;

import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Walks all keys for a layer, then for the next, skipping keys that were found missing. */
final class LayerOrderCursor implements BlockCursor {

  /** Reads one block of a store. */
  @FunctionalInterface
  interface Reader {
    BlockRead read(int keyIndex, int layer);
  }

  private final Reader reader;
  private final Counters counters;
  private final int keys;
  private final int firstLayer;
  private final int endLayer;
  private final BitSet missing = new BitSet();
  private int layer;
  private int key;
  private boolean closed;

  LayerOrderCursor(Reader reader, Counters counters, int keys, int firstLayer, int layers) {
    this.reader = reader;
    this.counters = counters;
    this.keys = keys;
    this.firstLayer = firstLayer;
    this.endLayer = firstLayer + layers;
    this.layer = firstLayer;
    counters.getOpened();
  }

  @Override
  public @Nullable Item next() {
    key = missing.nextClearBit(key);
    if (key >= keys) {
      layer++;
      key = missing.nextClearBit(0);
    }
    if (closed || layer >= endLayer || key >= keys) {
      return null;
    }
    int index = key++;
    return switch (reader.read(index, layer)) {
      case BlockRead.Found(ByteBuffer bytes, int crc32c) -> {
        counters.out(bytes.remaining());
        if (layer == firstLayer) {
          counters.hits(1);
        }
        yield new Block(index, layer, bytes, crc32c);
      }
      case BlockRead.Missed(var reason) -> {
        missing.set(index);
        counters.miss(reason);
        yield new Missed(index, reason);
      }
    };
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      counters.getClosed();
    }
  }
}
