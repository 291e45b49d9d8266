package io.rotatekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv store}: looks into a running store. */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    description = "Looks into a running store, checks it, and removes from it.",
    subcommands = {
      StoreStatsCommand.class,
      StoreLsCommand.class,
      StoreVerifyCommand.class,
      StoreRmCommand.class,
      StoreTopCommand.class
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store stats --target 127.0.0.1:7000",
      "  rotatekv store top --target 127.0.0.1:7000",
    })
final class StoreCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "say what to do: stats, ls, verify, rm or top");
  }
}
