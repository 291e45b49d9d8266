package io.rotatekv.store;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.hash.locks.InterProcessDeadLockException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store on one machine, over Chronicle Map, in memory or in a mapped file.
 *
 * <p>A set's blocks lie end to end in pages of fixed size, behind a {@link Manifest} that is
 * written last. Pages are named by a set id that is never used twice, so a reader that was
 * overtaken by an eviction finds no page rather than another set's. The index on the heap says what
 * is committed; it is built from the manifests at the start. Locks are taken in the order put, then
 * index, and never while Chronicle's is held.
 */
public final class ChronicleBlockStore implements BlockStore {

  private static final Logger log = LoggerFactory.getLogger(ChronicleBlockStore.class);

  /** Bound on the heap that the pages of open sets take, two for each. */
  private static final long OPEN_SET_BYTES = 256L << 20;

  private final StoreConfig config;
  private final InstantSource clock;
  private final PageStorage storage;
  private final PageMap pages;
  private final SetIndex index;
  private final PagePool pool;
  private final PutRegistry puts = new PutRegistry();
  private final Counters counters = new Counters();
  private final AtomicLong nextId = new AtomicLong(1);
  private final AtomicInteger openSets = new AtomicInteger();
  private volatile boolean closed;

  private ChronicleBlockStore(StoreConfig config, InstantSource clock, PageStorage storage) {
    this.config = config;
    this.clock = clock;
    this.storage = storage;
    pages = storage.pages();
    index = new SetIndex(config.lease().toMillis(), config.timeToLive().toMillis());
    pool = new PagePool(config.pages(), pages, index, clock);
  }

  /**
   * Opens a store; an existing file is recovered first unless it was closed cleanly.
   *
   * @param clock times leases, puts and lives
   * @throws StartupException if the file is in use, damaged, of another geometry, or does not fit
   */
  public static ChronicleBlockStore open(StoreConfig config, InstantSource clock) {
    PageStorage storage = PageStorage.open(config);
    try {
      ChronicleBlockStore store = new ChronicleBlockStore(config, clock, storage);
      store.nextId.set(StoreScan.load(store.pages, store.index, store.pool));
      return store;
    } catch (RuntimeException e) {
      storage.abort();
      throw new StartupException(
          "cannot read the store file %s: %s; delete it to start empty"
              .formatted(config.file(), e.getMessage()),
          e);
    }
  }

  @Override
  public OpenPut beginPut(PutSpec spec) {
    if (closed) {
      throw new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the store is closing");
    }
    if (Manifest.bytes(spec.namespace(), spec.layers()) >= config.pageBytes()) {
      throw ServiceException.invalid(
          "the manifest of %d layers does not fit a page of %d bytes; raise the store's pageBytes"
              .formatted(spec.layers(), config.pageBytes()));
    }
    ChroniclePut put = new ChroniclePut(this, spec, presentSets(spec), now());
    for (ChroniclePut superseded : puts.admit(put, spec.producer(), spec.generation())) {
      superseded.abandon(
          new ServiceException(
              ErrorReason.ERROR_REASON_STALE_GENERATION,
              "a later generation of producer %s has begun to put".formatted(spec.producer())));
    }
    return put;
  }

  @Override
  public PrefixMatch lookupPrefix(BlockNamespace namespace, List<BlockKey> keys) {
    long now = now();
    int present = 0;
    MissReason reason = MissReason.MISS_REASON_UNSPECIFIED;
    for (BlockKey key : keys) {
      SetIndex.Lookup lookup = index.peek(namespace, key, now);
      if (lookup.set() == null) {
        reason = lookup.reason();
        counters.miss(reason);
        break;
      }
      present++;
    }
    counters.hits(present);
    return new PrefixMatch(present, reason);
  }

  @Override
  public BlockCursor get(
      BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers) {
    return new LayerOrderCursor(
        (key, layer) -> read(namespace, keys.get(key), layer),
        counters,
        keys.size(),
        firstLayer,
        layers);
  }

  @Override
  public int delete(BlockNamespace namespace, List<BlockKey> keys) {
    int deleted = 0;
    for (BlockKey key : keys) {
      StoredSet set = index.peek(namespace, key, now()).set();
      if (set != null) {
        pool.drop(set, MissReason.MISS_REASON_ABSENT);
        deleted++;
      }
    }
    return deleted;
  }

  @Override
  public StoreStats stats() {
    SetIndex.Totals totals = index.totals();
    return new StoreStats(
        config.pages() * config.pageBytes(),
        pool.used() * config.pageBytes(),
        pages.mappedBytes(),
        totals.sets(),
        totals.payloadBytes(),
        totals.payloadTokens(),
        puts.size(),
        counters.openGets(),
        counters.flow(pool.evicted()),
        counters.misses());
  }

  @Override
  public void reclaim() {
    long silentSince = now() - config.putTimeout().toMillis();
    for (ChroniclePut put : puts.matching(open -> open.activeAt() <= silentSince)) {
      log.warn("reclaiming a put of {}: silent for {}", put.spec().producer(), config.putTimeout());
      put.abandon(
          new ServiceException(
              ErrorReason.ERROR_REASON_PUT_EXPIRED,
              "the put was silent for %s and has been reclaimed".formatted(config.putTimeout())));
    }
    pool.expire();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (ChroniclePut put : puts.matching(open -> true)) {
      put.abandon(new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the store is closing"));
    }
    storage.close();
  }

  long now() {
    return clock.millis();
  }

  SetIndex index() {
    return index;
  }

  Counters counters() {
    return counters;
  }

  PageMap pages() {
    return pages;
  }

  /** Opens the writer of one set of a put. */
  SetWriter openSet(PutSpec spec, int setIndex) {
    if (openSets.incrementAndGet() > Math.max(1, OPEN_SET_BYTES / (2L * config.pageBytes()))) {
      openSets.decrementAndGet();
      throw new ServiceException(
          ErrorReason.ERROR_REASON_OVERLOADED, "too many sets are being put at a time; retry");
    }
    try {
      return new SetWriter(
          nextId.getAndIncrement(),
          spec.sets().get(setIndex),
          spec.namespace(),
          spec.layers(),
          pages,
          pool);
    } catch (RuntimeException e) {
      openSets.decrementAndGet();
      throw e;
    }
  }

  /** A set's writer is done with, whether its set was stored or not. */
  void setClosed() {
    openSets.decrementAndGet();
  }

  void ended(ChroniclePut put, boolean committed) {
    puts.remove(put);
    counters.putEnded(committed);
  }

  private BitSet presentSets(PutSpec spec) {
    BitSet present = new BitSet();
    for (int set = 0; set < spec.sets().size(); set++) {
      SetIndex.Lookup lookup = index.use(spec.namespace(), spec.sets().get(set).key(), now());
      present.set(set, lookup.set() != null);
      if (lookup.reason() == MissReason.MISS_REASON_CODEC_MISMATCH) {
        throw new ServiceException(
            ErrorReason.ERROR_REASON_CODEC_MISMATCH,
            "set %d is stored under another model or codec: the keys' chain does not cover both"
                .formatted(set));
      }
    }
    return present;
  }

  private BlockRead read(BlockNamespace namespace, BlockKey key, int layer) {
    SetIndex.Lookup lookup = index.use(namespace, key, now());
    StoredSet set = lookup.set();
    if (set == null) {
      return new BlockRead.Missed(lookup.reason());
    }
    if (layer >= set.layers()) {
      throw ServiceException.invalid(
          "layer %d was asked of a set of %d".formatted(layer, set.layers()));
    }
    byte[] block = new byte[set.length(layer)];
    try {
      if (pages.read(set.manifest().id(), set.offset(layer), block)
          && BlockBatches.crc32c(ByteBuffer.wrap(block)) == set.checksum(layer)) {
        return new BlockRead.Found(ByteBuffer.wrap(block), set.checksum(layer));
      }
    } catch (InterProcessDeadLockException e) {
      log.warn("the page lock could not be had in time", e);
      return new BlockRead.Missed(MissReason.MISS_REASON_TIMEOUT);
    }
    return new BlockRead.Missed(unreadable(set, layer));
  }

  /** Why a set that was found gave no good block: it was taken out meanwhile, or it is damaged. */
  private MissReason unreadable(StoredSet set, int layer) {
    if (!index.isLive(set)) {
      return index.peek(set.manifest().namespace(), set.key(), now()).reason();
    }
    log.error("dropping set {}: layer {} fails its checksum", set.key(), layer);
    pool.drop(set, MissReason.MISS_REASON_CORRUPT);
    return MissReason.MISS_REASON_CORRUPT;
  }
}
