package io.rotatekv.cli;

import io.rotatekv.cli.client.Answer;
import io.rotatekv.cli.client.GenerateClient;
import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.runtime.RuntimeOptions;
import io.rotatekv.model.tokenizer.Tokenizer;
import io.rotatekv.v1.GenerateRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;

/**
 * Time to the first token: of one process, then of a cluster of three on the same machine, which
 * computes each prompt once and then has it.
 */
final class EndToEnd {

  private static final int RUNS = 3;
  private static final Duration TIMEOUT = Duration.ofMinutes(10);

  private final Settings settings;
  private final Path model;
  private final JavaCommand java;

  /**
   * A measurement.
   *
   * @param settings the cluster's configuration
   * @param model the model's file or folder
   * @param java how the services are started
   */
  EndToEnd(Settings settings, Path model, JavaCommand java) {
    this.settings = settings;
    this.model = model;
    this.java = java;
  }

  /** What one process takes for a prompt length, and the prompts it was measured on. */
  private record Local(int tokens, double ms, List<String> prompts) {}

  /** Measures prompts of about {@code lengths} tokens; medians over prompts that differ. */
  void measure(List<Integer> lengths, Consumer<EndToEndRow> rows) throws InterruptedException {
    List<Local> locals = locals(lengths);
    try (LocalCluster cluster = LocalCluster.start(java, settings);
        GenerateClient client =
            new GenerateClient(cluster.members(ServiceKind.DECODE).getFirst().address())) {
      ask(client, locals.getFirst().prompts().getFirst()); // so that no figure is the JVM's start
      for (Local local : locals) {
        rows.accept(row(client, local));
      }
    }
  }

  private EndToEndRow row(GenerateClient client, Local local) {
    // The first prompt only warms the node up for this length.
    double cold = median(i -> ask(client, local.prompts().get(i + 1)));
    double stored = median(i -> ask(client, local.prompts().get(i + 1)));
    return new EndToEndRow(
        "end_to_end",
        settings.get(ConfigKeys.MODEL_PATH),
        settings.get(ConfigKeys.MODEL_CODEC),
        settings.get(ConfigKeys.DECODE_BACKEND),
        local.tokens(),
        local.ms(),
        cold,
        stored,
        local.ms() / cold,
        local.ms() / stored);
  }

  private List<Local> locals(List<Integer> lengths) {
    RuntimeOptions options =
        new RuntimeOptions(
            settings.get(ConfigKeys.MODEL_PATH),
            settings.get(ConfigKeys.MODEL_CODEC),
            settings.get(ConfigKeys.MODEL_CALIBRATION).orElse(null),
            settings.get(ConfigKeys.MODEL_ATTEND),
            settings.get(ConfigKeys.DECODE_BACKEND),
            settings.get(ConfigKeys.DECODE_THREADS),
            settings.get(ConfigKeys.DECODE_MAX_CONTEXT),
            settings.get(ConfigKeys.DECODE_CHUNK_TOKENS));
    try (ModelRuntime runtime = ModelRuntime.open(model, options)) {
      return lengths.stream().map(length -> local(runtime, length)).toList();
    }
  }

  private static Local local(ModelRuntime runtime, int length) {
    Tokenizer tokenizer = runtime.model().tokenizer();
    SplittableRandom random = new SplittableRandom(length);
    List<String> prompts =
        random
            .ints(RUNS + 1, 0, Integer.MAX_VALUE)
            .mapToObj(seed -> prompt(tokenizer, seed, length))
            .toList();
    List<int[]> tokens = prompts.stream().map(text -> tokenizer.encode(text, true)).toList();
    median(_ -> firstTokenMs(runtime, tokens.getFirst())); // to warm up
    double ms = median(i -> firstTokenMs(runtime, tokens.get(i + 1)));
    return new Local(tokens.getLast().length, ms, prompts);
  }

  private static double firstTokenMs(ModelRuntime runtime, int[] prompt) {
    try (Sequence sequence = runtime.engine().open(BlockListener.NONE)) {
      long start = System.nanoTime();
      runtime.engine().run(List.of(new Step(sequence, prompt, new Output.Sample(Sampling.GREEDY))));
      return (System.nanoTime() - start) * 1e-6;
    }
  }

  /** Text of random tokens, which read back as about as many. */
  private static String prompt(Tokenizer tokenizer, int seed, int length) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] tokens =
        random
            .ints(0, tokenizer.size())
            .filter(id -> !tokenizer.isSpecial(id))
            .limit(length)
            .toArray();
    String text = tokenizer.decode(tokens);
    int[] read = tokenizer.encode(text, false);
    return tokenizer.decode(Arrays.copyOf(read, Math.min(read.length, length)));
  }

  private static double ask(GenerateClient client, String prompt) {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setPrompt(prompt)
            .setMaxTokens(1)
            .setSampling(io.rotatekv.v1.Sampling.newBuilder().setTemperature(0))
            .build();
    Answer answer = client.generate(request, TIMEOUT, text -> {});
    if (answer.summary().getWarningsCount() > 0) {
      throw new CommandException(
          "the cluster answered, but not as it should: "
              + String.join("; ", answer.summary().getWarningsList()),
          "");
    }
    return answer.summary().getTtftMs();
  }

  private static double median(IntToDoubleFunction run) {
    double[] times = new double[RUNS];
    Arrays.setAll(times, run);
    Arrays.sort(times);
    return times[RUNS / 2];
  }
}
