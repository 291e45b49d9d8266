package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
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
  private final LongAdder putsTimedOut = new LongAdder();
  private final LongAdder putsSuperseded = new LongAdder();
  private final LongAdder evicted = new LongAdder();
  private final LongAdder expired = new LongAdder();
  private final LongAdder corrupt = new LongAdder();
  private final Tally<MissReason> misses = new Tally<>(MissReason.class);
  private final Tally<ErrorReason> refusals = new Tally<>(ErrorReason.class);
  private final AtomicInteger openGets = new AtomicInteger();

  void putCommitted() {
    putsCommitted.increment();
  }

  void putAbandoned(ErrorReason reason) {
    putsAbandoned.increment();
    if (reason == ErrorReason.ERROR_REASON_PUT_EXPIRED) {
      putsTimedOut.increment();
    } else if (reason == ErrorReason.ERROR_REASON_STALE_GENERATION) {
      putsSuperseded.increment();
    }
  }

  void evicted() {
    evicted.increment();
  }

  void expired() {
    expired.increment();
  }

  void corrupt() {
    corrupt.increment();
  }

  /** Counts a refusal on its way to the caller. */
  ServiceException refused(ServiceException refusal) {
    refusals.add(refusal.reason());
    return refusal;
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
    misses.add(reason);
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

  StoreStats.Flow flow() {
    return new StoreStats.Flow(
        putsCommitted.sum(),
        putsAbandoned.sum(),
        putsTimedOut.sum(),
        putsSuperseded.sum(),
        gets.sum(),
        blocksIn.sum(),
        blocksOut.sum(),
        bytesIn.sum(),
        bytesOut.sum(),
        hits.sum(),
        evicted.sum(),
        expired.sum(),
        corrupt.sum());
  }

  Map<MissReason, Long> misses() {
    return misses.counts();
  }

  Map<ErrorReason, Long> refusals() {
    return refusals.counts();
  }
}
