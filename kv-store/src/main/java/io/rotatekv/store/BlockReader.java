package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Copies blocks out of the pages and checks them; drops a set that is damaged. */
final class BlockReader {

  private static final Logger log = LoggerFactory.getLogger(BlockReader.class);

  private final Pages pages;
  private final SetIndex index;
  private final PagePool pool;
  private final Counters counters;
  private final InstantSource clock;

  BlockReader(Pages pages, SetIndex index, PagePool pool, Counters counters, InstantSource clock) {
    this.pages = pages;
    this.index = index;
    this.pool = pool;
    this.counters = counters;
    this.clock = clock;
  }

  SetIndex index() {
    return index;
  }

  long now() {
    return clock.millis();
  }

  /** As {@link BlockStore#verify}. */
  SetCheck verify(BlockNamespace namespace, BlockKey key) {
    SetIndex.Lookup lookup = index.peek(namespace, key, now());
    StoredSet set = lookup.set();
    if (set == null) {
      return new SetCheck(0, lookup.reason());
    }
    long bytes = 0;
    for (int layer = 0; layer < set.layers(); layer++) {
      MissReason reason = read(set, layer, ByteBuffer.allocate(set.length(layer)));
      if (reason != MissReason.MISS_REASON_UNSPECIFIED) {
        return new SetCheck(bytes, reason);
      }
      bytes += set.length(layer);
    }
    return new SetCheck(bytes, MissReason.MISS_REASON_UNSPECIFIED);
  }

  /**
   * Copies a block and checks it; unspecified if it is good.
   *
   * @param into exactly as long as the block
   */
  MissReason read(StoredSet set, int layer, ByteBuffer into) {
    try {
      CRC32C checksum = new CRC32C();
      MemorySegment block = MemorySegment.ofBuffer(into);
      if (pages.read(set.manifest().id(), set.offset(layer), block, checksum)
          && (int) checksum.getValue() == set.checksum(layer)) {
        return MissReason.MISS_REASON_UNSPECIFIED;
      }
    } catch (PagesUnavailableException e) {
      log.warn("a page cannot be read now", e);
      return MissReason.MISS_REASON_TIMEOUT;
    }
    return unreadable(set, layer);
  }

  /** Why a set that was found gave no good block: it was taken out meanwhile, or it is damaged. */
  private MissReason unreadable(StoredSet set, int layer) {
    if (!set.isLive()) {
      MissReason reason =
          index.peek(set.manifest().namespace(), set.manifest().set().key(), now()).reason();
      // Where the key has been put again nothing is missing; but what was being read is gone.
      return reason == MissReason.MISS_REASON_UNSPECIFIED ? MissReason.MISS_REASON_EVICTED : reason;
    }
    if (pool.drop(set, MissReason.MISS_REASON_CORRUPT)) {
      log.error("dropped set {}: layer {} fails its checksum", set.manifest().set().key(), layer);
      counters.corrupt();
    }
    return MissReason.MISS_REASON_CORRUPT;
  }
}
