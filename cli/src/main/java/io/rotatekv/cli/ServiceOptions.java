package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Logging;
import io.rotatekv.proto.RunningServer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
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

  /**
   * Prints the configuration if that was asked for; else runs the service until it is stopped.
   *
   * @param start opens the server; refused options come out of it as the exceptions of Java's own
   */
  void run(Settings settings, CommandLine command, Supplier<RunningServer> start) {
    if (printConfig) {
      command.getOut().print(settings.toYaml());
      command.getOut().flush();
      return;
    }
    Logging.services();
    try {
      ServiceRunner.run(start(start), exitWithParent, command.getOut());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static RunningServer start(Supplier<RunningServer> start) {
    try {
      return start.get();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    }
  }
}
