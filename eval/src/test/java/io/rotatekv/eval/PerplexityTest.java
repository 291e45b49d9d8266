package io.rotatekv.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PerplexityTest {

  private static final int VOCABULARY = 4;

  /** A model that gives the token after t, modulo 4, three times the weight of each other one. */
  private static final class CountingEngine implements Engine {

    @Override
    public CodecContext codec() {
      return new CodecContext(CodecSpec.FP16, new KvShape(2, 1, 16), List.of(), 0L);
    }

    @Override
    public Attend attend() {
      return Attend.BLOCK;
    }

    @Override
    public int maxContext() {
      return 1024;
    }

    @Override
    public Sequence open(BlockListener listener) {
      return new NoSequence();
    }

    @Override
    public int[] run(List<Step> batch) {
      Step step = batch.getFirst();
      if (step.output() instanceof Output.Logits(var consumer)) {
        for (int i = 0; i < step.tokens().length; i++) {
          float[] logits = new float[VOCABULARY + 1];
          logits[1 + (step.tokens()[i] + 1) % VOCABULARY] = (float) Math.log(3);
          consumer.accept(i, logits, 1);
        }
      }
      return new int[] {-1};
    }

    @Override
    public void close() {}
  }

  /** A sequence of one block set of 2,048 bytes. */
  private static final class NoSequence implements Sequence {

    @Override
    public int length() {
      return 0;
    }

    @Override
    public void expect(int blocks) {}

    @Override
    public void load(int block, int layer, MemorySegment bytes) {}

    @Override
    public void abort(RuntimeException cause) {}

    @Override
    public boolean loaded(int layer) {
      return true;
    }

    @Override
    public void seal() {}

    @Override
    public long blockBytes() {
      return 2048;
    }

    @Override
    public void close() {}
  }

  private static Perplexity.Result measure(int[] tokens, int seq, int windows) {
    return new Perplexity(new CountingEngine(), VOCABULARY)
        .measure(tokens, seq, windows, done -> {});
  }

  @Test
  void aPredictedTextHasThePerplexityOfItsProbability() {
    int[] counting = IntStream.range(0, 200).map(i -> i % VOCABULARY).toArray();
    Perplexity.Result result = measure(counting, 64, 3);
    assertEquals(2.0, result.ppl(), 1e-6); // each next token has probability 3 / 6
    assertEquals(3 * 63, result.tokens());
    assertEquals(2048 * 8 / (2.0 * 64 * 16 * 2), result.avgBits(), 1e-9);
  }

  @Test
  void windowsAreScoredApartAndTheirFirstTokensNotAtAll() {
    int[] tokens = {0, 1, 0, 1, 2, 2};
    Perplexity.Result result = measure(tokens, 2, 99);
    assertEquals(Math.log(2), result.windowNll()[0], 1e-6);
    assertEquals(Math.log(2), result.windowNll()[1], 1e-6);
    assertEquals(Math.log(6), result.windowNll()[2], 1e-6);
    assertEquals(Math.exp((2 * Math.log(2) + Math.log(6)) / 3), result.ppl(), 1e-6);
  }

  @Test
  void aTextShorterThanOneWindowIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> measure(new int[10], 11, 1));
  }
}
