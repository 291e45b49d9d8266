package io.rotatekv.store;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
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

  /** When a refused put may try again where nothing better is known. */
  private static final Duration RETRY_SOON = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(ChronicleBlockStore.class);

  private final StoreConfig config;
  private final InstantSource clock;
  private final PageStorage storage;
  private final Pages pages;
  private final SetIndex index;
  private final PagePool pool;
  private final Tenants tenants;
  private final PutRegistry puts = new PutRegistry();
  private final Counters counters = new Counters();
  private final AtomicLong nextId = new AtomicLong(1);
  private final StoreScan.Result found;
  private final long openedAt;
  private final Duration recovery;
  private volatile boolean closed;

  private ChronicleBlockStore(
      StoreConfig config,
      InstantSource clock,
      Executor background,
      PageStorage storage,
      long start) {
    this.config = config;
    this.clock = clock;
    this.storage = storage;
    pages = storage.pages();
    tenants = new Tenants(config.tenants(), config.pageBytes());
    index =
        new SetIndex(
            config.pages(), config.lease(), config.timeToLive(), config.limits().maxPinned());
    pool = new PagePool(config, pages, index, counters, clock, background);
    found = StoreScan.load(pages, index, pool, tenants);
    nextId.set(found.nextId());
    openedAt = clock.millis();
    recovery = Duration.ofMillis(openedAt - start);
  }

  /** Opens a store over Chronicle Map. */
  public static ChronicleBlockStore open(
      StoreConfig config, InstantSource clock, Executor background) {
    return open(config, ChronicleStorage::open, clock, background);
  }

  /**
   * Opens a store with what its storage holds already.
   *
   * @param clock times leases, puts and lives
   * @param background runs evictions between the watermarks; may run them at once
   * @throws StartupException if the storage cannot be used
   */
  public static ChronicleBlockStore open(
      StoreConfig config, PageStorage.Opener opener, InstantSource clock, Executor background) {
    long start = clock.millis();
    PageStorage storage = opener.open(config);
    try {
      return new ChronicleBlockStore(config, clock, background, storage, start);
    } catch (RuntimeException e) {
      storage.abort();
      throw new StartupException(
          "cannot read what the store holds: %s; delete it to start empty"
              .formatted(e.getMessage()),
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
    if (puts.size() >= config.limits().maxPuts()) {
      throw overloaded("%d puts are open, as many as store.max-puts allows".formatted(puts.size()));
    }
    TenantUsage tenant = tenants.storing(spec.namespace().tenant());
    ChroniclePut put = new ChroniclePut(this, spec, tenant, presentSets(spec), now());
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
    TenantUsage tenant = tenants.asking(namespace.tenant());
    long now = now();
    int present = 0;
    MissReason reason = MissReason.MISS_REASON_UNSPECIFIED;
    for (BlockKey key : keys) {
      SetIndex.Lookup lookup = index.peek(namespace, key, now);
      if (lookup.set() == null) {
        reason = lookup.reason();
        counters.miss(reason);
        tenant.missed();
        break;
      }
      present++;
    }
    counters.hits(present);
    tenant.found(present);
    return new PrefixMatch(present, reason);
  }

  @Override
  public BlockCursor get(
      BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers) {
    return new LayerOrderCursor(
        new ChronicleReader(this, namespace, keys),
        counters,
        tenants.asking(namespace.tenant()),
        keys.size(),
        firstLayer,
        layers);
  }

  @Override
  public PrefixMatch pin(
      BlockNamespace namespace, List<BlockKey> keys, String holder, Duration time) {
    TenantUsage tenant = tenants.asking(namespace.tenant());
    long now = now();
    long granted = Math.min(time.toMillis(), config.limits().maxPin().toMillis());
    List<StoredSet> sets = new ArrayList<>();
    MissReason reason = MissReason.MISS_REASON_UNSPECIFIED;
    for (BlockKey key : keys) {
      SetIndex.Lookup lookup = index.peek(namespace, key, now);
      if (lookup.set() == null) {
        reason = lookup.reason();
        break;
      }
      sets.add(lookup.set());
    }
    try {
      int pinned = index.pin(tenant, sets, holder, now + granted, now);
      return new PrefixMatch(
          pinned, pinned < sets.size() ? MissReason.MISS_REASON_EVICTED : reason);
    } catch (ServiceException e) {
      throw counters.refused(e);
    }
  }

  @Override
  public int unpin(BlockNamespace namespace, List<BlockKey> keys, String holder) {
    var _ = tenants.asking(namespace.tenant());
    int unpinned = 0;
    for (BlockKey key : keys) {
      StoredSet set = index.peek(namespace, key, now()).set();
      if (set != null && index.unpin(set, holder, now())) {
        unpinned++;
      }
    }
    return unpinned;
  }

  @Override
  public int delete(BlockNamespace namespace, List<BlockKey> keys) {
    var _ = tenants.asking(namespace.tenant());
    int deleted = 0;
    for (BlockKey key : keys) {
      StoredSet set = index.peek(namespace, key, now()).set();
      if (set != null && pool.drop(set, MissReason.MISS_REASON_ABSENT)) {
        deleted++;
      }
    }
    return deleted;
  }

  @Override
  public Iterator<SetEntry> list(@Nullable String tenant) {
    return index.snapshot().stream()
        .filter(set -> set.isLive() && (tenant == null || tenant.equals(set.key().tenant())))
        .map(set -> index.entry(set, config.pageBytes(), now()))
        .iterator();
  }

  @Override
  public SetCheck verify(BlockNamespace namespace, BlockKey key) {
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

  @Override
  public StoreStats stats() {
    long now = now();
    long pageBytes = config.pageBytes();
    index.forgetPins(now);
    SetIndex.Totals totals = index.totals();
    return new StoreStats(
        storage.engine(),
        new StoreStats.Space(
            config.capacityBytes(),
            config.pages() * pageBytes,
            pool.used() * pageBytes,
            pages.mappedBytes(),
            storage.fileBytes(),
            pool.high() * pageBytes,
            pool.low() * pageBytes),
        new StoreStats.Sets(
            totals.sets(),
            totals.payloadBytes(),
            totals.payloadTokens(),
            index.leased(now),
            totals.pinnedSets(),
            totals.pinnedPages() * pageBytes),
        puts.size(),
        counters.openGets(),
        counters.flow(),
        counters.misses(),
        counters.refusals(),
        new StoreStats.Recovery(
            found.sets(), found.discarded(), recovery, Duration.ofMillis(now - openedAt)),
        tenants.stats());
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
    index.forgetPins(now());
    pool.expire();
    storage.keepAlive();
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

  long leaseMillis() {
    return config.lease().toMillis();
  }

  SetIndex index() {
    return index;
  }

  Counters counters() {
    return counters;
  }

  Pages pages() {
    return pages;
  }

  /** Opens the writer of one set of a put. */
  SetWriter openSet(PutSpec spec, int setIndex, TenantUsage tenant) {
    return new SetWriter(
        nextId.getAndIncrement(),
        spec.sets().get(setIndex),
        spec.namespace(),
        spec.layers(),
        pages,
        pool,
        tenant);
  }

  void ended(ChroniclePut put) {
    puts.remove(put);
  }

  /**
   * Copies a block and checks it; unspecified if it is good.
   *
   * @param into exactly as long as the block
   */
  MissReason read(StoredSet set, int layer, ByteBuffer into) {
    try {
      if (pages.read(set.manifest().id(), set.offset(layer), MemorySegment.ofBuffer(into))
          && BlockBatches.crc32c(into) == set.checksum(layer)) {
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

  private ServiceException overloaded(String what) {
    return counters.refused(
        new ServiceException(ErrorReason.ERROR_REASON_OVERLOADED, what + "; retry", RETRY_SOON));
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
}
