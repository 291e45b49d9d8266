package io.rotatekv.eval;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.Arrays;
import java.util.List;

/** Tokens per second of one engine: medians over several runs, after a warm-up of the same work. */
public final class CpuBenchmark {

  private static final int WARMUP_RUNS = 2;
  private static final int RUNS = 5;
  private static final int DECODE_PROMPT = 64;

  private final Engine engine;

  /** A benchmark on an engine that nobody else uses meanwhile. */
  public CpuBenchmark(Engine engine) {
    this.engine = engine;
  }

  /** Prompt tokens per second for a prompt of {@code tokens}, all layers and the last logits. */
  public double prefillTokensPerSecond(int[] tokens) {
    return tokens.length / median(() -> prefill(tokens));
  }

  /** Generated tokens per second at batch 1, over {@code count} tokens after a short prompt. */
  public double decodeTokensPerSecond(int[] text, int count) {
    return count / median(() -> decode(text, count));
  }

  /** Seconds that something took. */
  @FunctionalInterface
  private interface Run {
    double seconds();
  }

  private static double median(Run run) {
    for (int i = 0; i < WARMUP_RUNS; i++) {
      run.seconds();
    }
    double[] seconds = new double[RUNS];
    Arrays.setAll(seconds, i -> run.seconds());
    Arrays.sort(seconds);
    return seconds[RUNS / 2];
  }

  private double prefill(int[] tokens) {
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      long start = System.nanoTime();
      engine.run(List.of(new Step(sequence, tokens, new Output.Sample(Sampling.GREEDY))));
      return (System.nanoTime() - start) * 1e-9;
    }
  }

  private double decode(int[] text, int count) {
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      int[] prompt = Arrays.copyOf(text, DECODE_PROMPT);
      int token = engine.run(List.of(step(sequence, prompt)))[0];
      long start = System.nanoTime();
      for (int i = 0; i < count; i++) {
        token = engine.run(List.of(step(sequence, new int[] {token})))[0];
      }
      return (System.nanoTime() - start) * 1e-9;
    }
  }

  private static Step step(Sequence sequence, int[] tokens) {
    return new Step(sequence, tokens, new Output.Sample(Sampling.GREEDY));
  }
}
