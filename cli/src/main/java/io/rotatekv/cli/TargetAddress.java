package io.rotatekv.cli;

import com.google.common.net.HostAndPort;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The value of {@code --target}. */
final class TargetAddress {

  private TargetAddress() {}

  /** Reads {@code HOST:PORT}; anything else is a wrong usage. */
  static HostAndPort parse(CommandSpec spec, String target) {
    try {
      HostAndPort address = HostAndPort.fromString(target);
      if (address.hasPort()) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // Falls through to the one message.
    }
    throw new ParameterException(
        spec.commandLine(),
        "--target: '%s' is not HOST:PORT, such as 127.0.0.1:7100".formatted(target));
  }
}
