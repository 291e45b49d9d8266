package io.rotatekv.proto.stores;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/** Where the stores are. */
@FunctionalInterface
public interface StoreTargets {

  /** {@code host:port} of each store, without doubles. */
  record Listed(List<String> targets) implements StoreTargets {

    public Listed {
      targets = List.copyOf(targets);
    }

    @Override
    public List<String> resolve() {
      return targets;
    }
  }

  /** Every address of a DNS name is a store, at the same port. */
  record Named(String name, int port) implements StoreTargets {

    @Override
    public List<String> resolve() throws UnknownHostException {
      return Arrays.stream(InetAddress.getAllByName(name))
          .map(address -> "%s:%d".formatted(literal(address), port))
          .distinct()
          .sorted()
          .toList();
    }

    private static String literal(InetAddress address) {
      String text = address.getHostAddress();
      return text.contains(":") ? "[" + text + "]" : text;
    }
  }

  /**
   * The targets now.
   *
   * @throws UnknownHostException if a name has no addresses
   */
  List<String> resolve() throws UnknownHostException;

  /**
   * Reads {@code host:port}, several of them with commas between, or {@code dns:name:port} for all
   * addresses of a name.
   *
   * @throws IllegalArgumentException saying what was expected instead
   */
  static StoreTargets parse(String text) {
    if (text.startsWith("dns:")) {
      String address = checked(text.substring("dns:".length()).replaceFirst("^/+", ""), text);
      int colon = address.lastIndexOf(':');
      return new Named(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }
    return new Listed(
        Arrays.stream(text.split(",", -1))
            .map(target -> checked(target.strip(), text))
            .distinct()
            .toList());
  }

  private static String checked(String target, String text) {
    if (!target.matches("[^\\s,:]+:\\d{1,5}|\\[[0-9a-fA-F:.]+]:\\d{1,5}")) {
      throw new IllegalArgumentException(
          "'%s' is not host:port, host:port,host:port,… or dns:name:port".formatted(text));
    }
    return target;
  }
}
