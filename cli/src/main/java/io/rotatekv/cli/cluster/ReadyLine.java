package io.rotatekv.cli.cluster;

import com.google.common.net.HostAndPort;
import java.util.Optional;

/** The line {@code READY host:port} by which a service tells its parent where it listens. */
public final class ReadyLine {

  private static final String WORD = "READY ";

  private ReadyLine() {}

  /** The line of a service that listens on an address {@code host:port}. */
  public static String format(String address) {
    return WORD + address;
  }

  /** The address in a line of output, if it is a ready line. */
  static Optional<HostAndPort> parse(String line) {
    if (!line.startsWith(WORD)) {
      return Optional.empty();
    }
    HostAndPort address = HostAndPort.fromString(line.substring(WORD.length()).strip());
    return Optional.of(HostAndPort.fromParts(reachable(address.getHost()), address.getPort()));
  }

  // A service that listens on every address is reached by loopback.
  private static String reachable(String host) {
    return switch (host) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> "::1";
      default -> host;
    };
  }
}
