package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.accuracy.Perplexity;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.WindowedText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval ppl}: perplexity of a text under codecs. */
@Command(
    name = "ppl",
    mixinStandardHelpOptions = true,
    description = "Measures the perplexity of a text under codecs, over windows of equal length.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval ppl --text test.txt --codec shaped2 --windows 8",
      "  rotatekv eval ppl --text test.txt --codec fp16,shaped2 --attend quantized --json",
    })
final class EvalPplCommand implements Runnable {

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
    options.run(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    List<CacheUnderTest> caches = options.caches(model);
    WindowedText text = windows.read(model.model());
    EvalOptions.requireUnseen(caches, text.text());
    EvalTarget target = EvalTarget.of(model.model());
    Perplexity perplexity = new Perplexity(target, text);
    for (CacheUnderTest cache : caches) {
      Perplexity.Result result = perplexity.measure(cache, run);
      output.row(
          result.row(target, cache, text), List.of(text.text()), spec.commandLine().getOut());
    }
  }
}
