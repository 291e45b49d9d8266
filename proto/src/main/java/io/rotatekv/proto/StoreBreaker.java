package io.rotatekv.proto;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The circuit breaker of one store. Only failures that say something of the store's health count: a
 * refusal is an answer, and a call that its caller gave up says nothing.
 */
final class StoreBreaker {

  private final CircuitBreaker breaker;
  private final Duration openFor;

  StoreBreaker(StoreClientOptions options) {
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
  }

  /** Whether calls are let through, all or as probes. */
  boolean isOpen() {
    return breaker.getState() == CircuitBreaker.State.OPEN;
  }

  /**
   * Asks to make one call.
   *
   * @throws ServiceException CIRCUIT_OPEN if it may not be made
   */
  Permit acquire() {
    if (!breaker.tryAcquirePermission()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CIRCUIT_OPEN,
          "the store at %s failed repeatedly; not asking it for up to %d s"
              .formatted(breaker.getName(), openFor.toSeconds()),
          openFor);
    }
    return new Permit(breaker.getCurrentTimestamp());
  }

  /** The right to make one call; the first outcome told counts. */
  final class Permit {

    private final long start;
    private final AtomicBoolean told = new AtomicBoolean();

    private Permit(long start) {
      this.start = start;
    }

    void succeeded() {
      if (told.compareAndSet(false, true)) {
        breaker.onSuccess(elapsed(), breaker.getTimestampUnit());
      }
    }

    void abandoned() {
      if (told.compareAndSet(false, true)) {
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
