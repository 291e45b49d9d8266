package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.accuracy.Gsm8k;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval gsm8k}: grade-school problems with worked examples. */
@Command(
    name = "gsm8k",
    mixinStandardHelpOptions = true,
    description = {
      "Asks GSM8K's problems after worked examples, greedily, and counts the right numbers. The",
      "interval is Wilson's at 95 %%."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval gsm8k --questions gsm8k-test.jsonl --shots gsm8k-train.jsonl --limit 100",
      "  rotatekv eval gsm8k --questions test.jsonl --shots train.jsonl --codec fp16,shaped2 --json",
    })
final class EvalGsm8kCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final EvalOptions options = new EvalOptions();
  @Mixin private final EvalOutput output = new EvalOutput();

  @Option(
      names = "--questions",
      required = true,
      paramLabel = "FILE",
      description = "The data set's test problems: JSON lines of 'question' and 'answer'.")
  private Path questions = Path.of("");

  @Option(
      names = "--shots",
      required = true,
      paramLabel = "FILE",
      description = "Its training problems, whose first ones become the worked examples.")
  private Path shots = Path.of("");

  @Option(
      names = "--shot-count",
      paramLabel = "N",
      defaultValue = "8",
      description = "Worked examples before each question (default: ${DEFAULT-VALUE}).")
  private int shotCount;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "0",
      description = "Ask the first N questions only; 0 (the default) for all.")
  private int limit;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "The most tokens of an answer (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--shot-count", shotCount, 0);
    UsageChecks.atLeast(spec, "--limit", limit, 0);
    UsageChecks.atLeast(spec, "--max-tokens", maxTokens, 1);
    output.check();
    options.run(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    List<CacheUnderTest> caches = options.caches(model);
    EvalText asked = EvalText.read(questions);
    EvalText shown = EvalText.read(shots);
    EvalOptions.requireUnseen(caches, asked);
    Gsm8k gsm8k =
        new Gsm8k(
            EvalTarget.of(model.model()),
            model.model().tokenizer(),
            asked,
            shown,
            shotCount,
            limit,
            maxTokens);
    for (CacheUnderTest cache : caches) {
      output.row(gsm8k.measure(cache, run), List.of(asked, shown), spec.commandLine().getOut());
    }
  }
}
