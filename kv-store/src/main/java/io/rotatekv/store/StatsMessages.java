package io.rotatekv.store;

import io.rotatekv.v1.MissCount;
import io.rotatekv.v1.StatsResponse;

/** Statistics as they travel. */
final class StatsMessages {

  private StatsMessages() {}

  static StatsResponse of(StoreStats stats) {
    StoreStats.Flow flow = stats.flow();
    StatsResponse.Builder response =
        StatsResponse.newBuilder()
            .setCapacityBytes(stats.capacityBytes())
            .setUsedBytes(stats.usedBytes())
            .setMappedBytes(stats.mappedBytes())
            .setCommittedSets(stats.committedSets())
            .setPayloadBytes(stats.payloadBytes())
            .setPayloadTokens(stats.payloadTokens())
            .setOpenPuts(stats.openPuts())
            .setOpenGets(stats.openGets())
            .setPutsCommitted(flow.putsCommitted())
            .setPutsAbandoned(flow.putsAbandoned())
            .setGets(flow.gets())
            .setBlocksIn(flow.blocksIn())
            .setBlocksOut(flow.blocksOut())
            .setBytesIn(flow.bytesIn())
            .setBytesOut(flow.bytesOut())
            .setHits(flow.hits())
            .setEvictedSets(flow.evictedSets());
    stats
        .misses()
        .forEach((reason, count) ->
            response.addMisses(MissCount.newBuilder().setReason(reason).setCount(count)));
    return response.build();
  }
}
