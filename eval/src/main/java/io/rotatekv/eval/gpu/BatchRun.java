package io.rotatekv.eval.gpu;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Some sequences with random prompts, all of which generate together. */
final class BatchRun implements AutoCloseable {

  private final Engine engine;
  private final int vocabulary;
  private final List<Sequence> sequences = new ArrayList<>();
  private final List<Integer> tokens = new ArrayList<>();

  BatchRun(Engine engine, int vocabulary) {
    this.engine = engine;
    this.vocabulary = vocabulary;
  }

  /**
   * Adds {@code count} sequences with prompts of {@code length} tokens.
   *
   * @return seconds by the host's clock
   */
  double prefill(int count, int length) {
    SplittableRandom random = new SplittableRandom(6);
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      Sequence sequence = engine.open(BlockListener.NONE);
      sequences.add(sequence);
      int[] prompt = random.ints(length, 0, vocabulary).toArray();
      tokens.add(engine.run(List.of(step(sequence, prompt)))[0]);
    }
    return (System.nanoTime() - start) * 1e-9;
  }

  /** Median milliseconds of {@code steps} steps, after {@code warmup} of the same. */
  double decode(int warmup, int steps) {
    for (int i = 0; i < warmup; i++) {
      decode();
    }
    double[] times = new double[steps];
    Arrays.setAll(times, i -> decode());
    Arrays.sort(times);
    return times[steps / 2];
  }

  private double decode() {
    List<Step> batch = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      batch.add(step(sequences.get(i), new int[] {tokens.get(i)}));
    }
    long start = System.nanoTime();
    int[] sampled = engine.run(batch);
    double milliseconds = (System.nanoTime() - start) * 1e-6;
    for (int i = 0; i < sampled.length; i++) {
      tokens.set(i, sampled[i]);
    }
    return milliseconds;
  }

  /** Tokens of each sequence. */
  List<Integer> lengths() {
    return sequences.stream().map(Sequence::length).toList();
  }

  private static Step step(Sequence sequence, int[] tokens) {
    return new Step(sequence, tokens, new Output.Sample(Sampling.GREEDY));
  }

  @Override
  public void close() {
    sequences.forEach(Sequence::close);
  }
}
