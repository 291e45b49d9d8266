package io.rotatekv.store;

import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissCount;
import io.rotatekv.v1.RefusalCount;
import io.rotatekv.v1.StatsResponse;
import io.rotatekv.v1.TenantStats;
import java.util.Map;
import java.util.TreeMap;

/** Statistics as they travel. */
final class StatsMessages {

  private StatsMessages() {}

  static StatsResponse of(StoreStats stats, InFlight inFlight) {
    StatsResponse.Builder response =
        StatsResponse.newBuilder()
            .setEngine(stats.engine())
            .setOpenPuts(stats.openPuts())
            .setOpenGets(stats.openGets())
            .setInFlightBytes(inFlight.bytes())
            .setInFlightLimitBytes(inFlight.limit());
    space(response, stats.space());
    sets(response, stats.sets());
    flow(response, stats.flow());
    recovery(response, stats.recovery());
    stats
        .misses()
        .forEach((reason, count) ->
            response.addMisses(MissCount.newBuilder().setReason(reason).setCount(count)));
    refusals(stats, inFlight)
        .forEach((reason, count) ->
            response.addRefusals(RefusalCount.newBuilder().setReason(reason).setCount(count)));
    stats.tenants().forEach(tenant -> response.addTenants(tenant(tenant)));
    return response.build();
  }

  /** Those of the store, and of the streams. */
  private static Map<ErrorReason, Long> refusals(StoreStats stats, InFlight inFlight) {
    Map<ErrorReason, Long> refusals = new TreeMap<>(stats.refusals());
    if (inFlight.refused() > 0) {
      refusals.merge(ErrorReason.ERROR_REASON_OVERLOADED, inFlight.refused(), Long::sum);
    }
    return refusals;
  }

  private static void space(StatsResponse.Builder response, StoreStats.Space space) {
    response
        .setConfiguredBytes(space.configured())
        .setCapacityBytes(space.capacity())
        .setUsedBytes(space.used())
        .setMappedBytes(space.mapped())
        .setFileBytes(space.file())
        .setHighWatermarkBytes(space.highWatermark())
        .setLowWatermarkBytes(space.lowWatermark());
  }

  private static void sets(StatsResponse.Builder response, StoreStats.Sets sets) {
    response
        .setCommittedSets(sets.committed())
        .setPayloadBytes(sets.payloadBytes())
        .setPayloadTokens(sets.payloadTokens())
        .setLeasedSets(sets.leased())
        .setPinnedSets(sets.pinned())
        .setPinnedBytes(sets.pinnedBytes());
  }

  private static void flow(StatsResponse.Builder response, StoreStats.Flow flow) {
    response
        .setPutsCommitted(flow.putsCommitted())
        .setPutsAbandoned(flow.putsAbandoned())
        .setPutsTimedOut(flow.putsTimedOut())
        .setPutsSuperseded(flow.putsSuperseded())
        .setGets(flow.gets())
        .setBlocksIn(flow.blocksIn())
        .setBlocksOut(flow.blocksOut())
        .setBytesIn(flow.bytesIn())
        .setBytesOut(flow.bytesOut())
        .setHits(flow.hits())
        .setEvictedSets(flow.evictedSets())
        .setExpiredSets(flow.expiredSets())
        .setCorruptSets(flow.corruptSets());
  }

  private static void recovery(StatsResponse.Builder response, StoreStats.Recovery recovery) {
    response
        .setRecoveredSets(recovery.sets())
        .setDiscardedSets(recovery.discarded())
        .setRecoveryMs(recovery.time().toMillis())
        .setUptimeMs(recovery.uptime().toMillis());
  }

  private static TenantStats tenant(StoreStats.TenantStats tenant) {
    return TenantStats.newBuilder()
        .setTenant(tenant.tenant())
        .setQuotaBytes(tenant.quotaBytes())
        .setUsedBytes(tenant.usedBytes())
        .setCommittedSets(tenant.committedSets())
        .setPayloadBytes(tenant.payloadBytes())
        .setPinnedBytes(tenant.pinnedBytes())
        .setBytesIn(tenant.bytesIn())
        .setBytesOut(tenant.bytesOut())
        .setHits(tenant.hits())
        .setMisses(tenant.misses())
        .setEvictedSets(tenant.evictedSets())
        .setQuotaRefusals(tenant.quotaRefusals())
        .build();
  }
}
