package io.rotatekv.store;

import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A store's figures; those of flow, misses and refusals count from its start.
 *
 * @param engine what holds the blocks, such as {@code chronicle}
 * @param space bytes
 * @param sets what can be read now
 * @param openPuts puts that have begun and not ended
 * @param openGets cursors that are open
 * @param flow what went in and out
 * @param misses misses met by lookups and gets
 * @param refusals calls that admission refused
 * @param recovery what the start found
 * @param tenants those that have a quota or have stored something, by name
 */
public record StoreStats(
    String engine,
    Space space,
    Sets sets,
    int openPuts,
    int openGets,
    Flow flow,
    Map<MissReason, Long> misses,
    Map<ErrorReason, Long> refusals,
    Recovery recovery,
    List<TenantStats> tenants) {

  public StoreStats {
    misses = Map.copyOf(misses);
    refusals = Map.copyOf(refusals);
    tenants = List.copyOf(tenants);
  }

  /**
   * Bytes.
   *
   * @param configured the capacity that was asked for
   * @param capacity the same in whole pages
   * @param used pages in use, those of open puts as well
   * @param mapped what holds the pages, off the heap or in the file, with what the engine needs
   * @param file size of the file; 0 where there is none
   * @param highWatermark more in use starts eviction
   * @param lowWatermark eviction stops here
   */
  public record Space(
      long configured,
      long capacity,
      long used,
      long mapped,
      long file,
      long highWatermark,
      long lowWatermark) {}

  /**
   * Committed sets.
   *
   * @param committed how many
   * @param payloadBytes bytes of their blocks
   * @param payloadTokens their tokens
   * @param leased those under a lease
   * @param pinned those that are pinned
   * @param pinnedBytes bytes of the pages of pinned sets
   */
  public record Sets(
      long committed,
      long payloadBytes,
      long payloadTokens,
      long leased,
      long pinned,
      long pinnedBytes) {}

  /**
   * Counts since the start.
   *
   * @param putsAbandoned puts that ended without a commit, for whatever reason
   * @param putsTimedOut of these, those that were silent for too long
   * @param putsSuperseded of these, those that a later generation ended
   * @param hits sets that a lookup or get found
   */
  public record Flow(
      long putsCommitted,
      long putsAbandoned,
      long putsTimedOut,
      long putsSuperseded,
      long gets,
      long blocksIn,
      long blocksOut,
      long bytesIn,
      long bytesOut,
      long hits,
      long evictedSets,
      long expiredSets,
      long corruptSets) {}

  /**
   * What the start found, and when it was.
   *
   * @param sets sets that could be read
   * @param discarded sets that were cut short and removed
   * @param time how long it took to recover and scan
   * @param uptime how long ago it ended
   */
  public record Recovery(long sets, long discarded, Duration time, Duration uptime) {}

  /**
   * One tenant's part.
   *
   * @param quotaBytes bound on {@code usedBytes}; 0 where there is none
   * @param hits sets that a lookup or get found
   * @param misses those it did not
   * @param quotaRefusals puts and pins refused for the quota
   */
  public record TenantStats(
      String tenant,
      long quotaBytes,
      long usedBytes,
      long committedSets,
      long payloadBytes,
      long pinnedBytes,
      long bytesIn,
      long bytesOut,
      long hits,
      long misses,
      long evictedSets,
      long quotaRefusals) {}
}
