package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of every command that runs one service. */
final class ServiceOptions {

  @Option(names = "--host", paramLabel = "ADDRESS", description = "Address to listen on.")
  private @Nullable String host;

  @Option(names = "--port", paramLabel = "PORT", description = "Port; 0 for a free one.")
  private @Nullable String port;

  @Option(
      names = "--print-config",
      description = "Print the effective configuration, with the source of each value, and exit.")
  private boolean printConfig;

  @Option(names = "--exit-with-parent", hidden = true)
  private boolean exitWithParent;

  void addTo(ConfigOptions options, ConfigKey<String> hostKey, ConfigKey<Integer> portKey) {
    options.flag("--host", hostKey, host).flag("--port", portKey, port);
  }

  boolean printConfig() {
    return printConfig;
  }

  boolean exitWithParent() {
    return exitWithParent;
  }
}
