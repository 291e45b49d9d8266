package io.rotatekv.cli;

import io.rotatekv.cli.console.Logging;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Options of every subcommand. */
@Command(synopsisHeading = "Usage: ", mixinStandardHelpOptions = true)
final class CommonOptions {

  private boolean verbose;

  @Option(
      names = {"-v", "--verbose"},
      description = "Log more, and show stack traces, on standard error.")
  void setVerbose(boolean verbose) {
    this.verbose = verbose;
    if (verbose) {
      Logging.verbose();
    }
  }

  boolean verbose() {
    return verbose;
  }
}
