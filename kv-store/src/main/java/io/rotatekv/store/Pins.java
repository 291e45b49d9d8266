package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The pinned sets, and the bound on what they hold. For the holder of the index's lock. */
final class Pins {

  private final long mostPages;
  private final double share;
  private final Set<StoredSet> pinned = new LinkedHashSet<>();
  private long pages;

  /** Bounds the pages of pinned sets by a share of all, and of each tenant's quota. */
  Pins(long totalPages, double share) {
    this.mostPages = (long) (totalPages * share);
    this.share = share;
  }

  /**
   * Pins sets of one tenant.
   *
   * @throws ServiceException QUOTA_EXCEEDED, with nothing pinned
   */
  void pin(TenantUsage tenant, List<StoredSet> sets, String holder, long until, long now) {
    forget(now);
    long more =
        sets.stream().filter(set -> !pinned.contains(set)).mapToLong(StoredSet::pages).sum();
    long tenants = tenant.hasQuota() ? (long) (tenant.quotaPages() * share) : Long.MAX_VALUE;
    if (pages + more > mostPages || tenant.pinnedPages() + more > tenants) {
      tenant.refused();
      throw new ServiceException(
          ErrorReason.ERROR_REASON_QUOTA_EXCEEDED,
          "%d more pages would be pinned, %d of tenant '%s' and %d of all are, and %d may be; unpin some, or raise the quota or store.max-pinned"
              .formatted(
                  more, tenant.pinnedPages(), tenant.tenant(), pages, Math.min(tenants, mostPages)),
          Duration.ofMillis(untilForgotten(now)));
    }
    for (StoredSet set : sets) {
      set.pin(holder, until);
      if (pinned.add(set)) {
        count(set, set.pages());
      }
    }
  }

  boolean unpin(StoredSet set, String holder, long now) {
    boolean held = set.unpin(holder);
    if (set.isUnpinnedBy(now)) {
      drop(set);
    }
    return held;
  }

  /** Takes a set out that is leaving the store. */
  void drop(StoredSet set) {
    if (pinned.remove(set)) {
      count(set, -set.pages());
    }
  }

  /** Takes out what is no longer pinned. */
  void forget(long now) {
    for (Iterator<StoredSet> each = pinned.iterator(); each.hasNext(); ) {
      StoredSet set = each.next();
      if (set.isUnpinnedBy(now)) {
        each.remove();
        count(set, -set.pages());
      }
    }
  }

  long pages() {
    return pages;
  }

  int sets() {
    return pinned.size();
  }

  private long untilForgotten(long now) {
    return pinned.stream().mapToLong(set -> set.pinnedUntil() - now).min().orElse(0);
  }

  private void count(StoredSet set, long change) {
    pages += change;
    set.tenant().pinned(change);
  }
}
