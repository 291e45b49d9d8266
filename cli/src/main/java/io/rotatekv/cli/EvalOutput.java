package io.rotatekv.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.eval.report.Report;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Where an evaluation's rows go. */
final class EvalOutput {

  @Option(names = "--json", description = "Print one JSON object a line.")
  private boolean json;

  @Option(
      names = "--results",
      paramLabel = "FILE",
      description = "Append the JSON lines to a file as well.")
  private @Nullable Path results;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write one HTML page with the figures and charts.")
  private @Nullable Path report;

  private final List<JsonNode> lines = new ArrayList<>();

  /**
   * Refuses, before anything is measured, a report that cannot be drawn.
   *
   * @throws io.rotatekv.eval.run.EvalException with the cure
   */
  void check() {
    if (report != null) {
      Report.requireCharts();
    }
  }

  /** Prints and appends one row. */
  void row(EvalRow row, List<EvalText> texts, PrintWriter out) {
    ObjectNode line = row.json(origin(texts));
    lines.add(line);
    out.println(json ? line.toString() : BenchLines.text(words(row)));
    out.flush();
    if (results == null) {
      return;
    }
    try {
      BenchLines.append(results, line);
    } catch (IOException e) {
      throw new CommandException(
          "cannot append to %s: %s".formatted(results, e.getMessage()),
          "name a file that can be written with --results",
          e);
    }
  }

  /** Writes the page about all rows, if one was asked for. */
  void report(CommandSpec spec) {
    if (report != null) {
      write(report, Report.html(lines, commandLine(spec)));
    }
  }

  /** Writes a page. */
  static void write(Path file, String page) {
    try {
      Files.writeString(file, page);
    } catch (IOException e) {
      throw new CommandException(
          "cannot write the report %s: %s".formatted(file, e.getMessage()),
          "name a file in a folder that exists and is writable",
          e);
    }
  }

  /** The command as it was typed. */
  static String commandLine(CommandSpec spec) {
    List<String> arguments = spec.commandLine().getParseResult().originalArgs();
    return spec.root().name() + " " + String.join(" ", arguments);
  }

  private static ObjectNode words(EvalRow row) {
    ObjectNode line = row.json(Map.of());
    line.properties().removeIf(field -> field.getValue().isContainerNode());
    return line.remove(List.of("eval", "model"));
  }

  private static Map<String, String> origin(List<EvalText> texts) {
    Map<String, String> origin = new LinkedHashMap<>();
    for (EvalText text : texts) {
      origin.merge("text", text.name(), (a, b) -> a + ", " + b);
      origin.merge("text_sha256", text.sha256(), (a, b) -> a + ", " + b);
    }
    origin.put("commit", BenchLines.currentCommit());
    origin.put("date", LocalDate.now(ZoneOffset.UTC).toString());
    return origin;
  }
}
