package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.store.BlockCursor.Block;
import io.rotatekv.store.BlockCursor.Item;
import io.rotatekv.store.BlockCursor.Missed;
import io.rotatekv.store.BlockCursor.NoRoom;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads blocks for one cursor. A set counts as used once a cursor; after that a read renews its
 * lease, and now and then those of all sets that the cursor has come to, so that a long read keeps
 * its sets as long as it is stepped.
 */
final class PagedReader implements LayerOrderCursor.Reader {

  private final BlockReader blocks;
  private final long renewEvery;
  private final BlockNamespace namespace;
  private final List<BlockKey> keys;
  private final @Nullable StoredSet[] sets;
  private long renewedAt;

  PagedReader(BlockReader blocks, BlockNamespace namespace, List<BlockKey> keys, Duration lease) {
    this.blocks = blocks;
    this.renewEvery = lease.toMillis() / 2;
    this.namespace = namespace;
    this.keys = keys;
    this.sets = new StoredSet[keys.size()];
    this.renewedAt = blocks.now();
  }

  @Override
  public Item read(int keyIndex, int layer, ByteBuffer into) {
    renewAll();
    StoredSet set = sets[keyIndex];
    if (set == null || !set.isLive()) {
      SetIndex.Lookup lookup = blocks.index().use(namespace, keys.get(keyIndex), blocks.now());
      set = lookup.set();
      if (set == null || sets[keyIndex] != null) {
        // A set that was replaced while it was read could differ from what was sent of it.
        return new Missed(keyIndex, set == null ? lookup.reason() : MissReason.MISS_REASON_EVICTED);
      }
      sets[keyIndex] = set;
    }
    if (layer >= set.layers()) {
      throw ServiceException.invalid(
          "layer %d was asked of a set of %d".formatted(layer, set.layers()));
    }
    int length = set.length(layer);
    if (length > into.remaining()) {
      return new NoRoom(length);
    }
    set.renew(blocks.now());
    ByteBuffer block = into.slice(into.position(), length);
    MissReason reason = blocks.read(set, layer, block);
    if (reason != MissReason.MISS_REASON_UNSPECIFIED) {
      return new Missed(keyIndex, reason);
    }
    into.position(into.position() + length);
    return new Block(keyIndex, layer, length, set.checksum(layer));
  }

  private void renewAll() {
    long now = blocks.now();
    if (now - renewedAt < renewEvery) {
      return;
    }
    renewedAt = now;
    for (StoredSet set : sets) {
      if (set != null) {
        set.renew(now);
      }
    }
  }
}
