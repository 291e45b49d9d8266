package io.rotatekv.store;

import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Walks all keys for a layer, then for the next, skipping keys that were found missing. */
final class LayerOrderCursor implements BlockCursor {

  /** Reads one block of a store. */
  @FunctionalInterface
  interface Reader {

    /** As {@link BlockCursor#next}, of one key and layer; a miss ends the reading of the key. */
    Item read(int keyIndex, int layer, ByteBuffer into);
  }

  private final Reader reader;
  private final Counters counters;
  private final TenantUsage tenant;
  private final int keys;
  private final int firstLayer;
  private final int endLayer;
  private final BitSet missing = new BitSet();
  private int layer;
  private int key;
  private boolean closed;

  LayerOrderCursor(
      Reader reader, Counters counters, TenantUsage tenant, int keys, int firstLayer, int layers) {
    this.reader = reader;
    this.tenant = tenant;
    this.counters = counters;
    this.keys = keys;
    this.firstLayer = firstLayer;
    this.endLayer = firstLayer + layers;
    this.layer = firstLayer;
    counters.getOpened();
  }

  @Override
  public @Nullable Item next(ByteBuffer into) {
    key = missing.nextClearBit(key);
    if (key >= keys) {
      layer++;
      key = missing.nextClearBit(0);
    }
    if (closed || layer >= endLayer || key >= keys) {
      return null;
    }
    Item item = reader.read(key, layer, into);
    switch (item) {
      case Block block -> served(block);
      case Missed missed -> {
        missing.set(key++);
        counters.miss(missed.reason());
        tenant.missed();
      }
      case NoRoom _ -> {
        // The same block again, with more room.
      }
    }
    return item;
  }

  private void served(Block block) {
    key++;
    counters.out(block.length());
    tenant.out(block.length());
    if (layer == firstLayer) {
      counters.hits(1);
      tenant.found(1);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      counters.getClosed();
    }
  }
}
