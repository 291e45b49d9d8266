package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What a store counts beside its index and pages. */
final class Counters {

  private final LongAdder putsCommitted = new LongAdder();
  private final LongAdder putsAbandoned = new LongAdder();
  private final LongAdder gets = new LongAdder();
  private final LongAdder blocksIn = new LongAdder();
  private final LongAdder blocksOut = new LongAdder();
  private final LongAdder bytesIn = new LongAdder();
  private final LongAdder bytesOut = new LongAdder();
  private final LongAdder hits = new LongAdder();
  private final Map<MissReason, LongAdder> misses = new EnumMap<>(MissReason.class);
  private final AtomicInteger openGets = new AtomicInteger();

  Counters() {
    for (MissReason reason : MissReason.values()) {
      misses.put(reason, new LongAdder());
    }
  }

  void putEnded(boolean committed) {
    (committed ? putsCommitted : putsAbandoned).increment();
  }

  void in(int bytes) {
    blocksIn.increment();
    bytesIn.add(bytes);
  }

  void out(int bytes) {
    blocksOut.increment();
    bytesOut.add(bytes);
  }

  void hits(int count) {
    hits.add(count);
  }

  void miss(MissReason reason) {
    LongAdder count = misses.get(reason);
    if (count != null) {
      count.increment();
    }
  }

  void getOpened() {
    gets.increment();
    openGets.incrementAndGet();
  }

  void getClosed() {
    openGets.decrementAndGet();
  }

  int openGets() {
    return openGets.get();
  }

  StoreStats.Flow flow(long evictedSets) {
    return new StoreStats.Flow(
        putsCommitted.sum(),
        putsAbandoned.sum(),
        gets.sum(),
        blocksIn.sum(),
        blocksOut.sum(),
        bytesIn.sum(),
        bytesOut.sum(),
        hits.sum(),
        evictedSets);
  }

  Map<MissReason, Long> misses() {
    Map<MissReason, Long> counts = new EnumMap<>(MissReason.class);
    misses.forEach((reason, count) -> {
      if (count.sum() > 0) {
        counts.put(reason, count.sum());
      }
    });
    return counts;
  }
}
