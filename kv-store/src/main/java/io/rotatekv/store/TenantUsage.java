package io.rotatekv.store;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What one tenant holds and has done, in pages where not said otherwise. */
final class TenantUsage {

  private final String tenant;
  private final long quotaBytes;
  private final int pageBytes;
  private final AtomicLong pages = new AtomicLong();
  private final AtomicLong pinnedPages = new AtomicLong();
  private final AtomicLong sets = new AtomicLong();
  private final AtomicLong payloadBytes = new AtomicLong();
  private final LongAdder bytesIn = new LongAdder();
  private final LongAdder bytesOut = new LongAdder();
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder evicted = new LongAdder();
  private final LongAdder refusals = new LongAdder();

  TenantUsage(String tenant, long quotaBytes, int pageBytes) {
    this.tenant = tenant;
    this.quotaBytes = quotaBytes;
    this.pageBytes = pageBytes;
  }

  String tenant() {
    return tenant;
  }

  boolean hasQuota() {
    return quotaBytes > 0;
  }

  long quotaBytes() {
    return quotaBytes;
  }

  /** Pages that the quota allows. */
  long quotaPages() {
    return hasQuota() ? quotaBytes / pageBytes : Long.MAX_VALUE;
  }

  /** Takes one page, unless the quota is used up. */
  boolean tryTake() {
    long most = quotaPages();
    return pages.getAndUpdate(now -> now < most ? now + 1 : now) < most;
  }

  /** Adds pages without asking the quota, or gives them back where negative. */
  void add(long count) {
    pages.addAndGet(count);
  }

  long pinnedPages() {
    return pinnedPages.get();
  }

  void pinned(long count) {
    pinnedPages.addAndGet(count);
  }

  void linked(Manifest manifest) {
    sets.incrementAndGet();
    payloadBytes.addAndGet(manifest.payloadBytes());
  }

  void unlinked(Manifest manifest) {
    sets.decrementAndGet();
    payloadBytes.addAndGet(-manifest.payloadBytes());
  }

  void in(int bytes) {
    bytesIn.add(bytes);
  }

  void out(int bytes) {
    bytesOut.add(bytes);
  }

  void found(int count) {
    hits.add(count);
  }

  void missed() {
    misses.increment();
  }

  void evicted() {
    evicted.increment();
  }

  void refused() {
    refusals.increment();
  }

  StoreStats.TenantStats stats() {
    return new StoreStats.TenantStats(
        tenant,
        quotaBytes,
        pages.get() * pageBytes,
        sets.get(),
        payloadBytes.get(),
        pinnedPages.get() * pageBytes,
        bytesIn.sum(),
        bytesOut.sum(),
        hits.sum(),
        misses.sum(),
        evicted.sum(),
        refusals.sum());
  }
}
