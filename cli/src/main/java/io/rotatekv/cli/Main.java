package io.rotatekv.cli;

import io.rotatekv.cli.console.Logging;
import picocli.CommandLine;

/** Entry point of the {@code rotatekv} command. */
public final class Main {

  private Main() {}

  /** Runs the subcommand in {@code args} and exits with its status: 0 ok, 1 failure, 2 usage. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  static int run(String... args) {
    Logging.start();
    return commandLine().execute(args);
  }

  static CommandLine commandLine() {
    return new CommandLine(new RotatekvCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(new UsageErrors())
        .setExecutionExceptionHandler(new ExecutionErrors());
  }
}
