package io.rotatekv.store.redis;

import java.time.Duration;
import java.util.List;

/**
 * Which Redis or Valkey servers hold a store's pages, and how they are used.
 *
 * @param uris {@code redis://host:port} of a server, or of some nodes of a cluster; {@code rediss}
 *     for TLS, {@code redis://user:password@host:port} to authenticate
 * @param prefix what all keys of this store begin with; no two stores may share one. Neither braces
 *     nor glob characters.
 * @param timeout for each command
 * @param ownership how long the servers hold the prefix for a node that has crashed; another node
 *     that is to take over waits that long
 */
public record RedisOptions(List<String> uris, String prefix, Duration timeout, Duration ownership) {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration OWNERSHIP = Duration.ofSeconds(15);

  public RedisOptions {
    uris = List.copyOf(uris);
    if (uris.isEmpty()) {
      throw new IllegalArgumentException(
          "no Redis server is named; give redis://host:port, several with commas between");
    }
    if (!prefix.matches("[A-Za-z0-9._:-]{1,64}")) {
      throw new IllegalArgumentException(
          "the prefix of keys must be 1 to 64 letters, digits or any of . _ : -, got '%s'"
              .formatted(prefix));
    }
    if (!timeout.isPositive() || !ownership.isPositive()) {
      throw new IllegalArgumentException("timeout and ownership must be positive");
    }
  }

  /** The defaults: 5 s for a command, 15 s of ownership. */
  public static RedisOptions of(List<String> uris, String prefix) {
    return new RedisOptions(uris, prefix, TIMEOUT, OWNERSHIP);
  }

  /** The same with another ownership. */
  public RedisOptions withOwnership(Duration time) {
    return new RedisOptions(uris, prefix, timeout, time);
  }
}
