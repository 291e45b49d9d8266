package io.rotatekv.cli;

import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.model.Model;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Which windows of which text are scored. */
final class WindowOptions {

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "A UTF-8 text file, such as WikiText-2's raw test split.")
  private Path file = Path.of("");

  @Option(
      names = "--seq",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Tokens of a window (default: ${DEFAULT-VALUE}).")
  private int seq;

  @Option(
      names = "--windows",
      paramLabel = "N",
      defaultValue = "8",
      description =
          "Windows to measure, from the text's beginning; 0 for all (default: ${DEFAULT-VALUE}).")
  private int windows;

  void check(CommandSpec spec) {
    UsageChecks.atLeast(spec, "--seq", seq, 2);
    UsageChecks.atLeast(spec, "--windows", windows, 0);
  }

  /** Reads and cuts the text. */
  WindowedText read(Model model) {
    return WindowedText.of(EvalText.read(file), model, seq, windows);
  }
}
