package io.rotatekv.cli;

import io.rotatekv.eval.accuracy.EvalTarget;
import io.rotatekv.eval.accuracy.Haystack;
import io.rotatekv.eval.accuracy.Needle;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval needle}: a number hidden in a long text. */
@Command(
    name = "needle",
    mixinStandardHelpOptions = true,
    description = {
      "Hides a sentence with a number in a text, at several lengths and depths, and asks for it at",
      "the end: exact match of greedy decoding, and the mean reciprocal rank of the number's tokens",
      "for models too small for that."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval needle --text test.txt --codec fp16,shaped2 --report needle.html",
      "  rotatekv eval needle --text test.txt --lengths 512,2048 --depths 0,50,100 --json",
    })
final class EvalNeedleCommand implements Runnable {

  private static final int SHORTEST = 512;
  private static final int LONGEST = 8192;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final EvalOptions options = new EvalOptions();
  @Mixin private final EvalOutput output = new EvalOutput();

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "The haystack, a UTF-8 text file longer than the longest prompt.")
  private Path file = Path.of("");

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      description =
          "Tokens of the prompts (default: from 512, doubling, up to the model's context, at most"
              + " 8192).")
  private List<Integer> lengths = new ArrayList<>();

  @Option(
      names = "--depths",
      paramLabel = "PERCENT",
      split = ",",
      defaultValue = "0,25,50,75,100",
      description = "Where the needle is (default: ${DEFAULT-VALUE}).")
  private List<Integer> depths = new ArrayList<>();

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "2",
      description = "Needles for each length and depth (default: ${DEFAULT-VALUE}).")
  private int samples;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--samples", samples, 1);
    lengths.forEach(length -> UsageChecks.atLeast(spec, "--lengths", length, 64));
    depths.forEach(depth -> UsageChecks.within(spec, "--depths", depth, 0, 100));
    output.check();
    options.run(spec.commandLine().getErr(), this::measure);
    output.report(spec);
  }

  private void measure(EvalModel model, EvalRun run) {
    List<CacheUnderTest> caches = options.caches(model);
    EvalText text = EvalText.read(file);
    EvalOptions.requireUnseen(caches, text);
    Haystack haystack = new Haystack(text, model.model().tokenizer());
    Needle needle =
        new Needle(
            EvalTarget.of(model.model()),
            haystack,
            lengths(model.model().config().contextLength()),
            depths,
            samples);
    for (CacheUnderTest cache : caches) {
      output.row(needle.measure(cache, run), List.of(text), spec.commandLine().getOut());
    }
  }

  private List<Integer> lengths(int context) {
    if (lengths.isEmpty()) {
      return IntStream.iterate(
              SHORTEST, length -> length <= Math.min(context, LONGEST), length -> 2 * length)
          .boxed()
          .toList();
    }
    lengths.forEach(length -> {
      if (length > context) {
        throw new EvalException(
            "--lengths %d is beyond the %d tokens that the model was trained for"
                .formatted(length, context));
      }
    });
    return lengths;
  }
}
