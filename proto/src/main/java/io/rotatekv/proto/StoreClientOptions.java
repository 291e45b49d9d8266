package io.rotatekv.proto;

import java.time.Clock;
import java.time.Duration;

/**
 * How a node uses a store.
 *
 * @param target {@code host:port} of the store; also the name of its breaker and bulkhead
 * @param producerId names this node, the same after a restart
 * @param generation grows with every start of this node
 * @param callTimeout for lookups, deletes and statistics, and for the wait to be let through the
 *     bulkhead
 * @param putTimeout for a whole put, from begin to commit
 * @param putSilence how long a put may wait for the store to take or answer one message
 * @param concurrentCalls calls to the store at a time; more wait
 * @param breakerFailures failed calls in a row that open the breaker
 * @param breakerOpenFor how long nothing is sent once it is open, until a call probes the store
 * @param clock times the breaker
 */
public record StoreClientOptions(
    String target,
    String producerId,
    long generation,
    Duration callTimeout,
    Duration putTimeout,
    Duration putSilence,
    int concurrentCalls,
    int breakerFailures,
    Duration breakerOpenFor,
    Clock clock) {

  public StoreClientOptions {
    if (breakerFailures < 1 || concurrentCalls < 1) {
      throw new IllegalArgumentException(
          "breakerFailures and concurrentCalls must be at least 1, got %d and %d"
              .formatted(breakerFailures, concurrentCalls));
    }
    if (!callTimeout.isPositive()
        || !putTimeout.isPositive()
        || !putSilence.isPositive()
        || !breakerOpenFor.isPositive()) {
      throw new IllegalArgumentException("the store client's durations must be positive");
    }
  }

  /**
   * The defaults: 2 s for small calls, 60 s for a put of which 5 s may be silent, 64 calls at a
   * time, and a breaker that opens after 3 failures and probes after 5 s, so that a store that
   * comes back is in use again within 10 s.
   */
  public static StoreClientOptions of(String target, String producerId, long generation) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        Duration.ofSeconds(2),
        Duration.ofSeconds(60),
        Duration.ofSeconds(5),
        64,
        3,
        Duration.ofSeconds(5),
        Clock.systemUTC());
  }

  /** The same for another store. */
  public StoreClientOptions withTarget(String other) {
    return new StoreClientOptions(
        other,
        producerId,
        generation,
        callTimeout,
        putTimeout,
        putSilence,
        concurrentCalls,
        breakerFailures,
        breakerOpenFor,
        clock);
  }

  /** The same with another time limit for small calls. */
  public StoreClientOptions withCallTimeout(Duration timeout) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        timeout,
        putTimeout,
        putSilence,
        concurrentCalls,
        breakerFailures,
        breakerOpenFor,
        clock);
  }

  /** The same with another patience for a put's next message. */
  public StoreClientOptions withPutSilence(Duration silence) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        callTimeout,
        putTimeout,
        silence,
        concurrentCalls,
        breakerFailures,
        breakerOpenFor,
        clock);
  }

  /** The same with another bound of calls at a time. */
  public StoreClientOptions withConcurrentCalls(int calls) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        callTimeout,
        putTimeout,
        putSilence,
        calls,
        breakerFailures,
        breakerOpenFor,
        clock);
  }

  /** The same with another breaker. */
  public StoreClientOptions withBreaker(int failures, Duration openFor, Clock times) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        callTimeout,
        putTimeout,
        putSilence,
        concurrentCalls,
        failures,
        openFor,
        times);
  }
}
