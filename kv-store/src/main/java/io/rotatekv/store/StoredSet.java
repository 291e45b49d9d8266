package io.rotatekv.store;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A committed set in the index. Pins change under the lock of {@link SetIndex}, and so do birth and
 * end. The lease is renewed without a lock: its time and the end are one number, so that a set is
 * either renewed, and what was about to evict it sees that, or has ended, and the reader sees that.
 */
final class StoredSet {

  /** Instead of the time of the last use: the set is not, or no more, what its key stands for. */
  private static final long ENDED = Long.MIN_VALUE;

  private final Manifest manifest;
  private final SetKey key;
  private final TenantUsage tenant;
  private final long firstBlock;
  private final AtomicLong usedAt = new AtomicLong(ENDED);
  private volatile long pinnedUntil;
  private Map<String, Long> pins = Collections.emptyMap();

  StoredSet(Manifest manifest, TenantUsage tenant) {
    this.manifest = manifest;
    this.tenant = tenant;
    this.key = new SetKey(manifest.namespace().tenant(), manifest.set().key());
    this.firstBlock = Manifest.bytes(manifest.namespace(), manifest.layers().layers());
  }

  Manifest manifest() {
    return manifest;
  }

  SetKey key() {
    return key;
  }

  SetKey parentKey() {
    return new SetKey(key.tenant(), manifest.set().parent());
  }

  TenantUsage tenant() {
    return tenant;
  }

  int chainIndex() {
    return manifest.set().chainIndex();
  }

  int pages() {
    return manifest.pages();
  }

  int layers() {
    return manifest.layers().layers();
  }

  /** Offset of a layer's block from the start of the set's first page. */
  long offset(int layer) {
    return firstBlock + manifest.layers().bytesBefore(layer);
  }

  int length(int layer) {
    return manifest.layers().length(layer);
  }

  int checksum(int layer) {
    return manifest.layers().checksum(layer);
  }

  /** Whether it is still what its key stands for. */
  boolean isLive() {
    return usedAt.get() != ENDED;
  }

  /** The set is what its key stands for, from its commit on. */
  void begin() {
    usedAt.set(manifest.committedAt());
  }

  /** The set is not any more what its key stands for, whoever uses it. */
  void end() {
    usedAt.set(ENDED);
  }

  /** Ends the set unless it has been used again since {@code seen}, which {@link #usedAt} gave. */
  boolean endUnlessUsed(long seen) {
    return usedAt.compareAndSet(seen, ENDED);
  }

  /** When it was last put or read, in milliseconds; long ago if it has ended. */
  long usedAt() {
    return usedAt.get();
  }

  /** Renews the lease; false if the set has ended. */
  boolean renew(long now) {
    while (true) {
      long seen = usedAt.get();
      if (seen == ENDED) {
        return false;
      }
      if (seen >= now || usedAt.compareAndSet(seen, now)) {
        return true;
      }
    }
  }

  long pinnedUntil() {
    return pinnedUntil;
  }

  void pin(String holder, long until) {
    if (pins.isEmpty()) {
      pins = new HashMap<>(2);
    }
    pins.put(holder, until);
    pinsChanged();
  }

  boolean unpin(String holder) {
    boolean held = pins.remove(holder) != null;
    pinsChanged();
    return held;
  }

  /** Forgets pins that have run out; true if none is left. */
  boolean isUnpinnedBy(long now) {
    if (pins.values().removeIf(until -> until <= now)) {
      pinsChanged();
    }
    return pins.isEmpty();
  }

  /** A set is itself alone, and its id is never used twice. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(manifest.id());
  }

  private void pinsChanged() {
    pinnedUntil = pins.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }
}
