package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Bounds the bytes that all gets may have in buffers, so that slow readers cannot fill the memory.
 */
final class InFlight {

  private static final Duration RETRY_SOON = Duration.ofMillis(200);

  private final long limit;
  private final AtomicLong taken = new AtomicLong();
  private final LongAdder refused = new LongAdder();

  InFlight(long limit) {
    this.limit = limit;
  }

  /**
   * Takes room for so many bytes.
   *
   * @throws ServiceException OVERLOADED if the bound leaves none
   */
  void take(long bytes) {
    long before = taken.getAndUpdate(now -> now + bytes <= limit ? now + bytes : now);
    if (before + bytes > limit) {
      refused.increment();
      throw new ServiceException(
          ErrorReason.ERROR_REASON_OVERLOADED,
          "gets that run have %d bytes in buffers, and store.max-in-flight is %d; retry"
              .formatted(before, limit),
          RETRY_SOON);
    }
  }

  void give(long bytes) {
    taken.addAndGet(-bytes);
  }

  long bytes() {
    return taken.get();
  }

  long limit() {
    return limit;
  }

  long refused() {
    return refused.sum();
  }
}
