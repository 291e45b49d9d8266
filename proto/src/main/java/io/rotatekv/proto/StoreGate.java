package io.rotatekv.proto;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every call to one store passes: a bulkhead, so that a slow store does not gather all of a
 * node's work, and a circuit breaker, so that a dead one does not cost each request a time-out.
 * Only failures that say something of the store's health count: a refusal is an answer, and a call
 * that its caller gave up says nothing.
 */
final class StoreGate {

  private static final Logger log = LoggerFactory.getLogger(StoreGate.class);

  private final CircuitBreaker breaker;
  private final Bulkhead bulkhead;
  private final Duration openFor;

  StoreGate(StoreClientOptions options) {
    openFor = options.breakerOpenFor();
    breaker =
        CircuitBreaker.of(
            options.target(),
            CircuitBreakerConfig.custom()
                .slidingWindow(
                    options.breakerFailures(),
                    options.breakerFailures(),
                    SlidingWindowType.COUNT_BASED)
                .failureRateThreshold(100)
                .waitDurationInOpenState(openFor)
                .permittedNumberOfCallsInHalfOpenState(1)
                .maxWaitDurationInHalfOpenState(openFor)
                .clock(options.clock())
                .currentTimestampFunction(clock -> clock.millis(), TimeUnit.MILLISECONDS)
                .build());
    breaker
        .getEventPublisher()
        .onStateTransition(event ->
            log.warn(
                "the store at {}: circuit {}",
                breaker.getName(),
                event.getStateTransition().getToState()));
    bulkhead =
        Bulkhead.of(
            options.target(),
            BulkheadConfig.custom()
                .maxConcurrentCalls(options.concurrentCalls())
                .maxWaitDuration(options.callTimeout())
                .build());
  }

  /** Whether nothing is let through. */
  boolean isOpen() {
    return breaker.getState() == CircuitBreaker.State.OPEN;
  }

  /** Whether all is let through. */
  boolean isClosed() {
    return breaker.getState() == CircuitBreaker.State.CLOSED;
  }

  /** Has {@code action} run whenever the breaker opens, on the thread of the call that failed. */
  void onOpen(Runnable action) {
    breaker
        .getEventPublisher()
        .onStateTransition(event -> {
          if (event.getStateTransition().getToState() == CircuitBreaker.State.OPEN) {
            action.run();
          }
        });
  }

  /**
   * Asks to make one call; waits while too many are being made.
   *
   * @throws ServiceException CIRCUIT_OPEN or OVERLOADED if it may not be made
   */
  Permit acquire() {
    if (!breaker.tryAcquirePermission()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CIRCUIT_OPEN,
          "the store at %s failed repeatedly; not asking it for up to %d s"
              .formatted(breaker.getName(), openFor.toSeconds()),
          openFor);
    }
    if (!bulkhead.tryAcquirePermission()) {
      breaker.releasePermission();
      throw new ServiceException(
          ErrorReason.ERROR_REASON_OVERLOADED,
          "%d calls to the store at %s are under way already; retry later"
              .formatted(bulkhead.getBulkheadConfig().getMaxConcurrentCalls(), breaker.getName()));
    }
    return new Permit(breaker.getCurrentTimestamp());
  }

  /** The right to make one call; the first outcome told counts, and frees its place. */
  final class Permit {

    private final long start;
    private final AtomicBoolean told = new AtomicBoolean();

    private Permit(long start) {
      this.start = start;
    }

    void succeeded() {
      if (told.compareAndSet(false, true)) {
        bulkhead.onComplete();
        breaker.onSuccess(elapsed(), breaker.getTimestampUnit());
      }
    }

    void abandoned() {
      if (told.compareAndSet(false, true)) {
        bulkhead.onComplete();
        breaker.releasePermission();
      }
    }

    void failed(ServiceException failure) {
      switch (failure.reason()) {
        case ERROR_REASON_UNAVAILABLE,
            ERROR_REASON_DRAINING,
            ERROR_REASON_TIMEOUT,
            ERROR_REASON_STORAGE,
            ERROR_REASON_INTERNAL,
            ERROR_REASON_UNSPECIFIED -> {
          if (told.compareAndSet(false, true)) {
            bulkhead.onComplete();
            breaker.onError(elapsed(), breaker.getTimestampUnit(), failure);
          }
        }
        case ERROR_REASON_CANCELLED -> abandoned();
        default -> succeeded();
      }
    }

    private long elapsed() {
      return breaker.getCurrentTimestamp() - start;
    }
  }
}
