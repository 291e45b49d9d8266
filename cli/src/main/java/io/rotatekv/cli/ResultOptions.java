package io.rotatekv.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.console.CommandException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where figures go. */
final class ResultOptions {

  @Option(
      names = "--results",
      paramLabel = "FILE",
      description = "Where --json appends its lines as well (default: ${DEFAULT-VALUE}).")
  private Path file;

  @Option(names = "--json", description = "Print one JSON object a line, and append it.")
  private boolean json;

  /**
   * Options whose default is a file of results in this repository.
   *
   * @param name the file's name
   */
  ResultOptions(String name) {
    file = Path.of("eval", "results", name);
  }

  /** Prints a line, and appends it if it is JSON. */
  void report(ObjectNode line, PrintWriter out) {
    out.println(json ? line.toString() : BenchLines.text(line));
    out.flush();
    if (!json) {
      return;
    }
    try {
      BenchLines.append(file, line);
    } catch (IOException e) {
      throw new CommandException(
          "cannot append to %s: %s".formatted(file, e.getMessage()),
          "name a file that can be written with --results",
          e);
    }
  }
}
