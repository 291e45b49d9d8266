package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.util.Map;

/**
 * A store's figures; those of flow count from its start.
 *
 * @param capacityBytes all pages
 * @param usedBytes pages in use, those of open puts as well
 * @param mappedBytes bytes mapped off the heap, or in the file
 * @param committedSets sets that can be read
 * @param payloadBytes block bytes of those sets
 * @param payloadTokens tokens of those sets
 * @param openPuts puts that have begun and not ended
 * @param openGets cursors that are open
 * @param flow what went in and out
 * @param misses misses met by lookups and gets
 */
public record StoreStats(
    long capacityBytes,
    long usedBytes,
    long mappedBytes,
    long committedSets,
    long payloadBytes,
    long payloadTokens,
    int openPuts,
    int openGets,
    Flow flow,
    Map<MissReason, Long> misses) {

  public StoreStats {
    misses = Map.copyOf(misses);
  }

  /** Counts since the start; {@code hits} are sets that a lookup or get found. */
  public record Flow(
      long putsCommitted,
      long putsAbandoned,
      long gets,
      long blocksIn,
      long blocksOut,
      long bytesIn,
      long bytesOut,
      long hits,
      long evictedSets) {}
}
