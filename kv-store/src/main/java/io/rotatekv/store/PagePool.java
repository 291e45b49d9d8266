package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts the pages in use, open puts' as well, and makes room by eviction: in the background
 * between the watermarks, and at once where none is free. A page is given back only when it has
 * left the map, so a page that was acquired always fits.
 */
final class PagePool {

  /** Pages that the background takes at a time, so that it holds the index's lock for short. */
  private static final long TRIM_PAGES = 64;

  /** Where a lease has run out, but that of a tail behind it has not. */
  private static final long LEAST_RETRY_MILLIS = 50;

  private final long total;
  private final long high;
  private final long low;
  private final Pages pages;
  private final SetIndex index;
  private final Counters counters;
  private final InstantSource clock;
  private final Executor background;
  private final AtomicLong used = new AtomicLong();
  private final AtomicBoolean trimming = new AtomicBoolean();

  PagePool(
      StoreConfig config,
      Pages pages,
      SetIndex index,
      Counters counters,
      InstantSource clock,
      Executor background) {
    this.total = config.pages();
    this.high = (long) (total * config.limits().highWatermark());
    this.low = (long) (total * config.limits().lowWatermark());
    this.pages = pages;
    this.index = index;
    this.counters = counters;
    this.clock = clock;
    this.background = background;
  }

  /**
   * Takes one page, evicting sets until one is free; those of the tenant itself where its quota is
   * used up.
   *
   * @throws ServiceException QUOTA_EXCEEDED or STORE_FULL if all that is left is protected or being
   *     put
   */
  void acquire(TenantUsage tenant) {
    if (!take(tenant::tryTake, tenant)) {
      throw quotaExceeded(tenant);
    }
    if (!take(this::tryTake, null)) {
      tenant.add(-1);
      throw full();
    }
    if (used.get() > high && trimming.compareAndSet(false, true)) {
      trimLater();
    }
  }

  /** Gives a page back that never came into the map. */
  void giveBack(TenantUsage tenant) {
    tenant.add(-1);
    used.decrementAndGet();
  }

  /** Takes pages that are in the map already, at the start. */
  void adopt(TenantUsage tenant, int count) {
    tenant.add(count);
    used.addAndGet(count);
  }

  /** Takes a set out of the index, unless somebody else did, and frees its pages. */
  boolean drop(StoredSet set, MissReason reason) {
    boolean mine = index.unlink(set, reason);
    if (mine) {
      erase(set);
    }
    return mine;
  }

  /** Drops sets that have outlived their time. */
  void expire() {
    for (StoredSet set : index.expire(clock.millis())) {
      counters.expired();
      erase(set);
    }
  }

  /** Removes pages of a set that was never in the index. */
  void release(TenantUsage tenant, long id, int count) {
    pages.remove(id, count);
    tenant.add(-count);
    used.addAndGet(-count);
  }

  /** Pages there are. */
  long total() {
    return total;
  }

  long used() {
    return used.get();
  }

  long high() {
    return high;
  }

  long low() {
    return low;
  }

  /** Takes a page once, evicting until one is free; false if nothing more may go. */
  private boolean take(BooleanSupplier tryTake, @Nullable TenantUsage owner) {
    while (!tryTake.getAsBoolean()) {
      if (!evict(1, owner)) {
        return tryTake.getAsBoolean(); // Somebody else may have given one back.
      }
    }
    return true;
  }

  private boolean evict(long count, @Nullable TenantUsage tenant) {
    List<StoredSet> victims = index.evict(clock.millis(), count, tenant);
    for (StoredSet victim : victims) {
      counters.evicted();
      victim.tenant().evicted();
      erase(victim);
    }
    return !victims.isEmpty();
  }

  private void trimLater() {
    try {
      background.execute(this::trim);
    } catch (RejectedExecutionException e) {
      trimming.set(false); // The store is closing; who needs a page still makes room.
    }
  }

  private void trim() {
    try {
      boolean more = true;
      while (more && used.get() > low) {
        more = evict(Math.min(TRIM_PAGES, used.get() - low), null);
      }
    } finally {
      trimming.set(false);
    }
  }

  private void erase(StoredSet set) {
    release(set.tenant(), set.manifest().id(), set.pages());
  }

  private boolean tryTake() {
    return used.getAndUpdate(now -> now < total ? now + 1 : now) < total;
  }

  private ServiceException quotaExceeded(TenantUsage tenant) {
    tenant.refused();
    return counters.refused(
        new ServiceException(
            ErrorReason.ERROR_REASON_QUOTA_EXCEEDED,
            "the quota of tenant '%s', %d bytes, holds only leased and pinned sets and open puts; retry, or raise it"
                .formatted(tenant.tenant(), tenant.quotaBytes()),
            retryAfter(tenant)));
  }

  private ServiceException full() {
    return counters.refused(
        new ServiceException(
            ErrorReason.ERROR_REASON_STORE_FULL,
            "the store's %d pages hold only leased and pinned sets and open puts; retry, or raise its capacity"
                .formatted(total),
            retryAfter(null)));
  }

  private Duration retryAfter(@Nullable TenantUsage tenant) {
    return Duration.ofMillis(
        Math.max(LEAST_RETRY_MILLIS, index.untilEvictable(clock.millis(), tenant)));
  }
}
