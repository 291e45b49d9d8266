package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.Reconstructions;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval mse}: errors of keys and values. */
@Command(
    name = "mse",
    mixinStandardHelpOptions = true,
    description = {
      "Measures what is left of keys and values, per layer and KV head, quantized before RoPE and",
      "after it; how many elements were clipped, and how many tokens stayed in FP16 as sinks."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval mse --text test.txt --codec rotatekv2,shaped2 --windows 2",
      "  rotatekv eval mse --text test.txt --codec shaped2 --seq 1024 --windows 1 --json",
    })
final class EvalMseCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final EvalOptions options = new EvalOptions();
  @Mixin private final WindowOptions windows = new WindowOptions();
  @Mixin private final EvalOutput output = new EvalOutput();

  @Override
  public void run() {
    windows.check(spec);
    output.check();
    // Layers can be looked into on the CPU only.
    options.runOnCpu(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    List<CacheUnderTest> caches = options.caches(model);
    WindowedText text = windows.read(model.model());
    EvalOptions.requireUnseen(caches, text.text());
    Reconstructions errors = new Reconstructions(model, text);
    for (CacheUnderTest cache : caches) {
      output.row(errors.measure(cache, run), List.of(text.text()), spec.commandLine().getOut());
    }
  }
}
