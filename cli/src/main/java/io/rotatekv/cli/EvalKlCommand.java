package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.Divergence;
import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval kl}: how far codecs move next-token distributions. */
@Command(
    name = "kl",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the KL divergence of next-token distributions from those with an FP16 cache, and how",
      "often the most likely token is the same. Tells codecs apart on fewer windows than perplexity."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval kl --text test.txt --codec rotatekv2,shaped2 --windows 8",
      "  rotatekv eval kl --text test.txt --codec rotatekv4 --seq 1024 --windows 4 --json",
    })
final class EvalKlCommand implements Runnable {

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
    // Two engines at a time; each would take a GPU whole.
    options.runOnCpu(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    List<CacheUnderTest> caches = options.caches(model);
    WindowedText text = windows.read(model.model());
    EvalOptions.requireUnseen(caches, text.text());
    Divergence divergence =
        new Divergence(EvalTarget.of(model.model()), text, options.exactCache(model));
    for (CacheUnderTest cache : caches) {
      output.row(divergence.measure(cache, run), List.of(text.text()), spec.commandLine().getOut());
    }
  }
}
