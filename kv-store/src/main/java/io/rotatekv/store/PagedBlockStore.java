package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A store over pages, whatever keeps them: Chronicle Map in memory or in a mapped file, or Redis.
 *
 * <p>A set's blocks lie end to end in pages of fixed size, behind a {@link Manifest} that is
 * written last. Pages are named by a set id that is never used twice, so a reader that was
 * overtaken by an eviction finds no page rather than another set's. The index on the heap says what
 * is committed; it is built from the manifests at the start. Locks are taken in the order put, then
 * index, and never while the engine's is held.
 */
public final class PagedBlockStore implements BlockStore {

  private final StoreConfig config;
  private final InstantSource clock;
  private final PageStorage storage;
  private final Pages pages;
  private final SetIndex index;
  private final PagePool pool;
  private final Tenants tenants;
  private final PutAdmission puts;
  private final BlockReader blocks;
  private final Counters counters = new Counters();
  private final StoreScan.Result found;
  private final long openedAt;
  private final Duration recovery;
  private boolean closed;

  private PagedBlockStore(
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
    puts = new PutAdmission(config, clock, pages, index, pool, tenants, counters, found.nextId());
    blocks = new BlockReader(pages, index, pool, counters, clock);
    openedAt = clock.millis();
    recovery = Duration.ofMillis(openedAt - start);
  }

  /** Opens a store over Chronicle Map. */
  public static PagedBlockStore open(StoreConfig config, InstantSource clock, Executor background) {
    return open(config, ChronicleStorage::open, clock, background);
  }

  /**
   * Opens a store with what its storage holds already.
   *
   * @param clock times leases, puts and lives
   * @param background runs evictions between the watermarks; may run them at once
   * @throws StartupException if the storage cannot be used
   */
  public static PagedBlockStore open(
      StoreConfig config, PageStorage.Opener opener, InstantSource clock, Executor background) {
    long start = clock.millis();
    PageStorage storage = opener.open(config);
    try {
      return new PagedBlockStore(config, clock, background, storage, start);
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
    return puts.begin(spec);
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
        new PagedReader(blocks, namespace, keys, config.lease()),
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
    return blocks.verify(namespace, key);
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
    puts.reclaim();
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
    puts.close();
    storage.close();
  }

  SetIndex index() {
    return index;
  }

  Pages pages() {
    return pages;
  }

  private long now() {
    return clock.millis();
  }
}
