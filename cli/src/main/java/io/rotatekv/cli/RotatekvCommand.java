package io.rotatekv.cli;

import io.rotatekv.cli.console.Logging;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command itself: its subcommands, and what to do without one. */
@Command(
    name = "rotatekv",
    mixinStandardHelpOptions = true,
    versionProvider = VersionCommand.Provider.class,
    description = "Serves large language models over a shared, 2-bit KV cache.",
    subcommands = {
      DemoCommand.class,
      UpCommand.class,
      GenerateCommand.class,
      StoreCommand.class,
      KvStoreCommand.class,
      PrefillCommand.class,
      DecodeCommand.class,
      CalibrateCommand.class,
      EvalCommand.class,
      BenchCommand.class,
      VersionCommand.class,
      HelpCommand.class,
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv demo                  three processes, two questions, one table",
      "  rotatekv up                    a cluster that stays up",
      "  rotatekv generate --target 127.0.0.1:7100 --prompt \"Why is the sky blue?\"",
      "",
      "Exit status: 0 all worked, 1 something failed, 2 wrong usage or configuration."
    })
final class RotatekvCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log more, and show stack traces, on standard error.")
  void setVerbose(boolean verbose) {
    if (verbose) {
      Logging.verbose();
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a subcommand is missing");
  }
}
