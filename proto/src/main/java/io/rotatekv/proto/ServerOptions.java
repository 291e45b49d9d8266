package io.rotatekv.proto;

import java.time.Duration;

/**
 * Where a node listens and how it stops.
 *
 * @param host an address of this machine; {@code 0.0.0.0} for all of them
 * @param port 0 to 65,535; 0 picks a free one
 * @param drain how long calls that run may go on once the node is told to stop
 */
public record ServerOptions(String host, int port, Duration drain) {

  public static final Duration DEFAULT_DRAIN = Duration.ofSeconds(10);

  public ServerOptions {
    if (host.isBlank()) {
      throw new IllegalArgumentException("host is empty; 127.0.0.1 listens on this machine only");
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port must be 0 to 65535, got " + port);
    }
    if (drain.isNegative()) {
      throw new IllegalArgumentException("drain must not be negative, got " + drain);
    }
  }

  /** Listens with the default drain time. */
  public static ServerOptions of(String host, int port) {
    return new ServerOptions(host, port, DEFAULT_DRAIN);
  }
}
