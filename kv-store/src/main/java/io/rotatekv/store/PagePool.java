package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts the pages in use, open puts' as well, and makes room by eviction. A page is given back
 * only when it has left the map, so a page that was acquired always fits.
 */
final class PagePool {

  private final long total;
  private final PageMap pages;
  private final SetIndex index;
  private final InstantSource clock;
  private final AtomicLong used = new AtomicLong();
  private final LongAdder evicted = new LongAdder();

  PagePool(long total, PageMap pages, SetIndex index, InstantSource clock) {
    this.total = total;
    this.pages = pages;
    this.index = index;
    this.clock = clock;
  }

  /**
   * Takes one page, evicting sets until one is free.
   *
   * @throws ServiceException STORE_FULL if all that is left is leased or being put
   */
  void acquire() {
    while (!tryAcquire()) {
      long now = clock.millis();
      StoredSet victim = index.evict(now);
      if (victim != null) {
        evicted.increment();
        erase(victim);
      } else if (!tryAcquire()) {
        throw new ServiceException(
            ErrorReason.ERROR_REASON_STORE_FULL,
            "the store's %d pages hold only sets under lease and open puts; retry, or raise capacityBytes"
                .formatted(total),
            Duration.ofMillis(Math.max(1, index.untilEvictable(now))));
      } else {
        return;
      }
    }
  }

  /** Takes pages that are in the map already, at the start. */
  void adopt(int count) {
    used.addAndGet(count);
  }

  /** Takes a set out of the index, unless somebody else did, and frees its pages. */
  void drop(StoredSet set, MissReason reason) {
    if (index.unlink(set, reason)) {
      erase(set);
    }
  }

  /** Drops sets that have outlived their time. */
  void expire() {
    for (@Nullable StoredSet set = index.expire(clock.millis());
        set != null;
        set = index.expire(clock.millis())) {
      erase(set);
    }
  }

  /** Removes pages of a set that was never in the index. */
  void release(long id, int count) {
    pages.remove(id, count);
    used.addAndGet(-count);
  }

  long used() {
    return used.get();
  }

  long evicted() {
    return evicted.sum();
  }

  private void erase(StoredSet set) {
    release(set.manifest().id(), set.manifest().pages());
  }

  private boolean tryAcquire() {
    return used.getAndUpdate(now -> now < total ? now + 1 : now) < total;
  }
}
