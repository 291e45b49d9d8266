package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigException;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.calibration.CalibrationException;
import io.rotatekv.proto.StartupException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Failures: {@code rotatekv: } and what is wrong, then the cure; a stack trace only if asked. */
final class ExecutionErrors implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult result) {
    if (ShutdownState.isShuttingDown()) {
      // Ctrl-C broke off whatever this thread did; that is no error to tell.
      return ExitCode.SOFTWARE;
    }
    PrintWriter err = command.getErr();
    err.println("rotatekv: " + (known(e) ? e.getMessage() : describe(e)));
    if (e instanceof CommandException failure && !failure.cure().isEmpty()) {
      failure.cure().lines().forEach(line -> err.println("  " + line));
    }
    if (isVerbose(result)) {
      e.printStackTrace(err);
    } else if (!known(e)) {
      err.println("  run it again with --verbose for the stack trace");
    }
    err.flush();
    return e instanceof ConfigException ? ExitCode.USAGE : ExitCode.SOFTWARE;
  }

  private static boolean known(Exception e) {
    return switch (e) {
      case ConfigException _, CommandException _ -> true;
      case StartupException _, ModelException _, CalibrationException _, EvalException _ -> true;
      default -> false;
    };
  }

  private static String describe(Exception e) {
    String message = e.getMessage();
    return e.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }

  private static boolean isVerbose(ParseResult result) {
    return result.hasMatchedOption("--verbose")
        || (result.hasSubcommand() && isVerbose(result.subcommand()));
  }
}
