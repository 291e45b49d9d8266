package io.rotatekv.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.eval.report.Report;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval report}: a page out of results that were measured before. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Makes one HTML page, with charts inside, out of files of JSON lines.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval report results.jsonl --out report.html",
      "  rotatekv eval report ppl.jsonl needle.jsonl --out report.html",
    })
final class EvalReportCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "What evaluations appended with --results, or printed with --json.")
  private List<Path> files = new ArrayList<>();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "Where the page is written.")
  private Path out = Path.of("");

  @Override
  public void run() {
    Report.requireCharts();
    List<JsonNode> lines = new ArrayList<>();
    files.forEach(file -> read(file, lines));
    EvalOutput.write(out, Report.html(lines, EvalOutput.commandLine(spec)));
    spec.commandLine().getOut().println("%s: %d results".formatted(out, lines.size()));
  }

  private static void read(Path file, List<JsonNode> lines) {
    ObjectMapper mapper = new ObjectMapper();
    for (String line : EvalText.read(file).content().lines().toList()) {
      try {
        JsonNode node = mapper.readTree(line);
        if (node.has("eval")) {
          lines.add(node);
        }
      } catch (JsonProcessingException e) {
        throw new EvalException(
            "%s has a line that is no JSON; give files that --results or --json wrote"
                .formatted(file),
            e);
      }
    }
  }
}
