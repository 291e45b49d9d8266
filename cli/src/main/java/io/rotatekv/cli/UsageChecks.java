package io.rotatekv.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Bounds of numeric options. */
final class UsageChecks {

  private UsageChecks() {}

  static void atLeast(CommandSpec spec, String option, int value, int least) {
    if (value < least) {
      throw new ParameterException(
          spec.commandLine(), "%s: '%d' is not at least %d".formatted(option, value, least));
    }
  }

  static void within(CommandSpec spec, String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new ParameterException(
          spec.commandLine(),
          "%s: '%d' is not within %d and %d".formatted(option, value, least, most));
    }
  }
}
