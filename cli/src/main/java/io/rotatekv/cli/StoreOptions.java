package io.rotatekv.cli;

import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.config.ValueType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options of every command that looks into a store. */
final class StoreOptions {

  @Option(
      names = "--target",
      required = true,
      paramLabel = "HOST:PORT",
      description = "Address of a store; 'rotatekv up' prints it.")
  private String target = "";

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "60s",
      description = "When to give a call up, such as 10m (default: ${DEFAULT-VALUE}).")
  private String timeout = "";

  @Option(names = "--json", description = "Print JSON instead of a table.")
  private boolean json;

  boolean json() {
    return json;
  }

  StoreAdmin connect(CommandSpec spec) {
    try {
      return new StoreAdmin(TargetAddress.parse(spec, target), ValueType.DURATION.parse(timeout));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--timeout: " + e.getMessage(), e);
    }
  }

  /** How a tenant is shown; the only one has no name. */
  static String tenant(@Nullable String name) {
    return name == null || name.isEmpty() ? "-" : name;
  }
}
