package io.rotatekv.store;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * A committed set in the index. Pins and liveness change under the lock of {@link SetIndex}; anyone
 * may read them, and renew the lease.
 */
final class StoredSet {

  private final Manifest manifest;
  private final SetKey key;
  private final TenantUsage tenant;
  private final long firstBlock;
  private volatile long usedAt;
  private volatile long pinnedUntil;
  private volatile boolean live;
  private Map<String, Long> pins = Collections.emptyMap();

  StoredSet(Manifest manifest, TenantUsage tenant) {
    this.manifest = manifest;
    this.tenant = tenant;
    this.key = new SetKey(manifest.namespace().tenant(), manifest.set().key());
    this.firstBlock = Manifest.bytes(manifest.namespace(), manifest.layers().layers());
    this.usedAt = manifest.committedAt();
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
    return live;
  }

  void setLive(boolean isLive) {
    live = isLive;
  }

  long usedAt() {
    return usedAt;
  }

  void renew(long now) {
    usedAt = now;
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

  private void pinsChanged() {
    pinnedUntil = pins.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }
}
