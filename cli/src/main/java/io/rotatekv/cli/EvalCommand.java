package io.rotatekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval}: what a codec costs in accuracy. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description = "Measures what a codec costs in accuracy.",
    subcommands = {
      EvalPplCommand.class,
      EvalKlCommand.class,
      EvalGsm8kCommand.class,
      EvalNeedleCommand.class,
      EvalMseCommand.class,
      EvalFiguresCommand.class,
      EvalAblationCommand.class,
      EvalReportCommand.class,
    })
final class EvalCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "say what to measure: ppl, kl, gsm8k, needle, mse, figures or ablation; or report");
  }
}
