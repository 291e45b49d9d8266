package io.rotatekv.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.fetch.ModelFetcher;
import io.rotatekv.model.fetch.ProgressListener;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.runtime.RuntimeOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Greedy answers of the demo's model, on the GPU and on the CPU. */
final class DemoModelGpuTest {

  private static final int TOKENS = 64;

  private static final List<String> PROMPTS =
      List.of(
          "The capital of France is",
          "Once upon a time, in a village by the sea, there lived",
          "Water boils at one hundred degrees because",
          "The three most important things to know about bread are",
          "def fibonacci(n):",
          "In 1969, the first people walked on the Moon.",
          "A short letter to a friend who moved to another city:",
          "The lighthouse keeper climbed the stairs every evening and".repeat(8),
          "List the planets of the solar system, starting from the Sun: ".repeat(12),
          "What is photosynthesis? Photosynthesis is");

  /**
   * An answer follows the other until two tokens are nearly as likely. With 2 bits, rounding moves
   * some codes by a whole step, which shifts likelihoods; both 2-bit codecs showed 7 of 10 at their
   * worst.
   */
  @ParameterizedTest
  @CsvSource({"shaped2, 7", "rotatekv2, 7", "centred2, 7", "fp16, 9"})
  void mostAnswersAreTheSame(String codec, int atLeast) {
    Path file = ModelFetcher.of(System.getenv()).fetch("smollm2-135m", ProgressListener.NONE);
    List<List<Integer>> gpu = answers(file, codec, "cuda");
    List<List<Integer>> cpu = answers(file, codec, "cpu");
    List<Integer> agreed = new ArrayList<>();
    for (int i = 0; i < PROMPTS.size(); i++) {
      agreed.add(agreement(cpu.get(i), gpu.get(i)));
    }
    long same = agreed.stream().filter(length -> length == TOKENS).count();
    assertTrue(same >= atLeast, codec + ": tokens until the answers differ " + agreed);
  }

  private static int agreement(List<Integer> expected, List<Integer> actual) {
    int length = 0;
    while (length < expected.size() && expected.get(length).equals(actual.get(length))) {
      length++;
    }
    return length;
  }

  private static List<List<Integer>> answers(Path file, String codec, String backend) {
    RuntimeOptions options =
        new RuntimeOptions("smollm2-135m", codec, null, "block", backend, 0, 2048, 512);
    try (ModelRuntime runtime = ModelRuntime.open(file, options)) {
      Engine engine = runtime.engine();
      return PROMPTS.stream()
          .map(prompt -> runtime.model().tokenizer().encode(prompt, false))
          .map(prompt ->
              new Generator(engine, id -> false)
                  .generate(prompt, TOKENS, Sampling.GREEDY, token -> {}))
          .toList();
    }
  }
}
