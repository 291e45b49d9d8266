package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.LayerFigures;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.kernels.Team;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval figures}: what a model's keys look like. */
@Command(
    name = "figures",
    mixinStandardHelpOptions = true,
    description = {
      "Shows a layer's keys before and after RoPE and rotated, massive activations and attention",
      "sinks of all layers, over the first window of a text. --report draws them."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval figures --text test.txt --report figures.html",
      "  rotatekv eval figures --text test.txt --layer 3 --seq 1024 --report figures.html",
    })
final class EvalFiguresCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final EvalOptions options = new EvalOptions();
  @Mixin private final WindowOptions windows = new WindowOptions();
  @Mixin private final EvalOutput output = new EvalOutput();

  @Option(
      names = "--layer",
      paramLabel = "N",
      description = "The layer whose keys are shown, from 0 (default: the middle one).")
  private @Nullable Integer layer;

  @Override
  public void run() {
    windows.check(spec);
    output.check();
    options.runOnCpu(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    WindowedText text = windows.read(model.model());
    int layers = model.model().config().layers();
    int shown = layer == null ? layers / 2 : layer;
    if (shown < 0 || shown >= layers) {
      throw new ParameterException(
          spec.commandLine(),
          "--layer: '%d' is not one of the model's layers, 0 to %d".formatted(shown, layers - 1));
    }
    try (Team team = options.team()) {
      EvalRow row = new LayerFigures(model, text).measure(shown, options.exactCache(model), team);
      output.row(row, List.of(text.text()), spec.commandLine().getOut());
    }
  }
}
