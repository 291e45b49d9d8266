package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigException;
import io.rotatekv.cli.console.CommandException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Failures: {@code rotatekv: } and what is wrong, then the cure; a stack trace only if asked. */
final class ExecutionErrors implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult result) {
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
    return e instanceof ConfigException || e instanceof CommandException;
  }

  private static String describe(Exception e) {
    String message = e.getMessage();
    return e.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }

  private static boolean isVerbose(ParseResult result) {
    ParseResult last = result;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    return last.hasMatchedOption("--verbose");
  }
}
