package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.methods.Ablation;
import io.rotatekv.eval.methods.AblationTable;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.model.engine.Attend;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval ablation}: what each part of RotateKV's recipe is worth. */
@Command(
    name = "ablation",
    mixinStandardHelpOptions = true,
    description = {
      "Measures by perplexity what each part of RotateKV's recipe is worth, as in the paper's tables:",
      "1 rotate, smooth, reorder; 3 heads in one rotation; 7 step by step; 8 bits and group sizes."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval ablation --table 7 --text test.txt --calibration-text valid.txt --windows 4",
      "  rotatekv eval ablation --text test.txt --calibration-text valid.txt --json",
    })
final class EvalAblationCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--table",
      paramLabel = "N",
      split = ",",
      description = "Tables to measure: 1, 3, 7, 8 (default: all).")
  private List<Integer> tables = new ArrayList<>();

  @Mixin private final EvalOptions options = new EvalOptions();
  @Mixin private final WindowOptions windows = new WindowOptions();
  @Mixin private final EvalOutput output = new EvalOutput();

  @Override
  public void run() {
    windows.check(spec);
    output.check();
    options.run(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  /** One line to measure; table 0 holds what the tables are compared with. */
  private record Line(int table, String label, CacheUnderTest cache) {}

  private void measure(EvalModel model, EvalRun run) {
    List<Line> lines = lines(model);
    WindowedText text = windows.read(model.model());
    EvalOptions.requireUnseen(lines.stream().map(Line::cache).toList(), text.text());
    Ablation ablation = new Ablation(EvalTarget.of(model.model()), text);
    for (Line line : lines) {
      output.row(
          ablation.measure(line.table(), line.label(), line.cache(), run),
          List.of(text.text()),
          spec.commandLine().getOut());
    }
  }

  private List<Line> lines(EvalModel model) {
    Attend mode = options.attend(Attend.QUANTIZED);
    List<Line> lines = new ArrayList<>();
    for (CacheUnderTest cache : options.caches(model, options.codecs("fp16"), mode)) {
      lines.add(new Line(0, cache.name(), cache));
    }
    for (int number : tables.isEmpty() ? AblationTable.numbers() : tables) {
      List<AblationTable.Row> rows = AblationTable.of(number, model.model().kvShape()).rows();
      List<String> names = rows.stream().map(AblationTable.Row::codec).toList();
      List<CacheUnderTest> caches = options.caches(model, names, mode);
      for (int i = 0; i < rows.size(); i++) {
        lines.add(new Line(number, rows.get(i).label(), caches.get(i)));
      }
    }
    return lines;
  }
}
