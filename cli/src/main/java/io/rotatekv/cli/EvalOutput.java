package io.rotatekv.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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

  /** Prints and appends one row. */
  void row(EvalRow row, List<EvalText> texts, PrintWriter out) {
    ObjectNode line = row.json(origin(texts));
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

  private static ObjectNode words(EvalRow row) {
    ObjectNode line = row.json(Map.of());
    line.properties().removeIf(field -> field.getValue().isContainerNode());
    line.remove(List.of("eval", "model"));
    return line;
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
