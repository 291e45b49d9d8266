package io.rotatekv.proto;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats puts whose failure says nothing against the next try. A put may be repeated whole at any
 * time: its keys are content addresses, and what the store has by then is told and not sent again.
 */
public final class PutRetry {

  private static final Logger log = LoggerFactory.getLogger(PutRetry.class);
  private static final int ATTEMPTS = 3;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

  private final Retry retry;

  /** The defaults: at most three tries, the second after about 50 ms, the third after 100. */
  public PutRetry() {
    this(FIRST_PAUSE);
  }

  PutRetry(Duration firstPause) {
    retry =
        Retry.of(
            "put",
            RetryConfig.custom()
                .maxAttempts(ATTEMPTS)
                .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(firstPause))
                .retryOnException(PutRetry::isTransient)
                .build());
    retry
        .getEventPublisher()
        .onRetry(event -> log.info("putting again: {}", String.valueOf(event.getLastThrowable())));
  }

  /**
   * Runs a put from begin to commit, again where that may help.
   *
   * @throws ServiceException of the last try
   */
  public <T> T run(Supplier<T> put) {
    return retry.executeSupplier(put);
  }

  /** A time-out is not among them: whoever waits has waited long enough. */
  private static boolean isTransient(Throwable failure) {
    return failure instanceof ServiceException service
        && switch (service.reason()) {
          case ERROR_REASON_UNAVAILABLE,
              ERROR_REASON_DRAINING,
              ERROR_REASON_CORRUPT_BLOCK,
              ERROR_REASON_OVERLOADED,
              ERROR_REASON_PUT_EXPIRED ->
              true;
          default -> false;
        };
  }
}
