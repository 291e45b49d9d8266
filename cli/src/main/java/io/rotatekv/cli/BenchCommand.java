package io.rotatekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv bench}: the speed of this machine. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures the speed of this machine.",
    subcommands = {
      BenchCpuCommand.class,
      BenchGpuCommand.class,
      BenchStoreCommand.class,
      BenchClusterCommand.class
    })
final class BenchCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "say what to measure: cpu, gpu, store or cluster");
  }
}
