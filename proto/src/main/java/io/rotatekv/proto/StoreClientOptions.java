package io.rotatekv.proto;

import java.time.Clock;
import java.time.Duration;

/**
 * How a node uses a store.
 *
 * @param target {@code host:port} of the store; also the breaker's name
 * @param producerId names this node, the same after a restart
 * @param generation grows with every start of this node
 * @param callTimeout for lookups, deletes and statistics
 * @param putTimeout for a whole put, from begin to commit
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
    int breakerFailures,
    Duration breakerOpenFor,
    Clock clock) {

  public StoreClientOptions {
    if (breakerFailures < 1) {
      throw new IllegalArgumentException("breakerFailures must be at least 1");
    }
    if (!callTimeout.isPositive() || !putTimeout.isPositive() || !breakerOpenFor.isPositive()) {
      throw new IllegalArgumentException("the store client's durations must be positive");
    }
  }

  /**
   * The defaults: 2 s for small calls, 60 s for a put, and a breaker that opens after 3 failures
   * and probes after 5 s, so that a store that comes back is in use again within 10 s.
   */
  public static StoreClientOptions of(String target, String producerId, long generation) {
    return new StoreClientOptions(
        target,
        producerId,
        generation,
        Duration.ofSeconds(2),
        Duration.ofSeconds(60),
        3,
        Duration.ofSeconds(5),
        Clock.systemUTC());
  }
}
