package io.rotatekv.model.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CacheMethodTest {

  private static final EngineLimits LIMITS = new EngineLimits(640, 256);

  private final Arena arena = Arena.ofShared();
  private final Team team = Team.of(2);
  private final Kernels kernels = Backends.open("auto", team).kernels();
  private final ModelWeights weights = TinyModel.weights(arena);

  @AfterEach
  void close() {
    team.close();
    arena.close();
  }

  /** Reads zeros for all but the {@code keys} and {@code values} most recent tokens. */
  private static CacheMethod forgetting(int keys, int values) {
    StoredLayer.Recent recent =
        new StoredLayer.Recent() {
          @Override
          public int keysFrom(int position) {
            return Math.max(0, position + 1 - keys);
          }

          @Override
          public int valuesFrom(int position) {
            return Math.max(0, position + 1 - values);
          }
        };
    return window ->
        new StoredLayer(
            new float[window.keys().length], new float[window.values().length], recent, 0);
  }

  private List<float[]> run(CacheMethod method, Attend attend, int[] tokens, int... cuts) {
    try (Engine engine =
        new CpuEngine(TinyModel.CONFIG, weights, kernels, team, method, attend, LIMITS)) {
      return run(engine, tokens, cuts);
    }
  }

  private List<float[]> fp16(int[] tokens, int... cuts) {
    try (Engine engine =
        new CpuEngine(
            TinyModel.CONFIG,
            weights,
            kernels,
            team,
            TinyModel.context(CodecSpec.FP16),
            Attend.BLOCK,
            LIMITS,
            LayerObserver.NONE)) {
      return run(engine, tokens, cuts);
    }
  }

  private static List<float[]> run(Engine engine, int[] tokens, int... cuts) {
    List<float[]> rows = new ArrayList<>();
    Output.LogitsConsumer keep =
        (index, logits, offset) ->
            rows.add(Arrays.copyOfRange(logits, offset, offset + TinyModel.CONFIG.vocabulary()));
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      int from = 0;
      for (int cut : cuts) {
        int[] part = Arrays.copyOfRange(tokens, from, cut);
        engine.run(List.of(new Step(sequence, part, new Output.Logits(keep))));
        from = cut;
      }
    }
    return rows;
  }

  @Test
  void theExactMethodIsTheFp16CacheBitForBit() {
    int[] tokens = TinyModel.tokens(150);
    List<float[]> expected = fp16(tokens, 100, 101, 150);
    List<float[]> actual = run(CacheMethod.EXACT, Attend.QUANTIZED, tokens, 100, 101, 150);
    for (int t = 0; t < tokens.length; t++) {
      assertArrayEquals(expected.get(t), actual.get(t), "token " + t);
    }
  }

  @Test
  void aWindowAsLongAsTheContextReadsNothingStored() {
    int[] tokens = TinyModel.tokens(150);
    assertArrayEquals(
        fp16(tokens, 150).getLast(),
        run(forgetting(150, 150), Attend.QUANTIZED, tokens, 150).getLast());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 64, 65, 100})
  void aQueryReadsExactlyItsRecentTokens(int recent) {
    int[] tokens = TinyModel.tokens(150);
    float[] kept = run(forgetting(recent, recent), Attend.QUANTIZED, tokens, 150).get(recent);
    float[] exact = fp16(tokens, 150).get(recent);
    // The query at this position lacks one token; the one before it lacks none.
    assertFalse(Arrays.equals(exact, kept));
    if (recent > 0) {
      float[] before =
          run(forgetting(recent, recent), Attend.QUANTIZED, tokens, 150).get(recent - 1);
      assertArrayEquals(fp16(tokens, 150).get(recent - 1), before);
    }
  }

  @Test
  void keysAndValuesHaveBoundariesOfTheirOwn() {
    int[] tokens = TinyModel.tokens(80);
    float[] exact = fp16(tokens, 80).getLast();
    float[] values = run(forgetting(80, 10), Attend.QUANTIZED, tokens, 80).getLast();
    float[] keys = run(forgetting(10, 80), Attend.QUANTIZED, tokens, 80).getLast();
    assertFalse(Arrays.equals(exact, values));
    assertFalse(Arrays.equals(exact, keys));
    assertFalse(Arrays.equals(keys, values));
  }

  @Test
  void singleTokensWaitInFullPrecisionForABlockToFill() {
    int[] tokens = TinyModel.tokens(300);
    int[] cuts = new int[65];
    Arrays.setAll(cuts, i -> 200 + i);
    List<Integer> stored = new ArrayList<>();
    List<Integer> queries = new ArrayList<>();
    CacheMethod noting =
        window -> {
          if (window.layer() == 0) {
            stored.add(window.tokens());
            queries.add(window.queryRows());
          }
          assertEquals(window.queryRows() * TinyModel.CONFIG.queryDim(), window.queries().length);
          return CacheMethod.EXACT.store(window);
        };
    run(noting, Attend.QUANTIZED, tokens, cuts);
    assertEquals(List.of(200, 264), stored);
    assertEquals(List.of(200, 64), queries);
  }

  @Test
  void attendingInFullOrByBlockReadsMoreThanTheMethodKeeps() {
    int[] tokens = TinyModel.tokens(100);
    List<float[]> exact = fp16(tokens, 100);
    assertArrayEquals(exact.getLast(), run(forgetting(0, 0), Attend.FULL, tokens, 100).getLast());
    List<float[]> block = run(forgetting(0, 0), Attend.BLOCK, tokens, 100);
    assertArrayEquals(exact.get(63), block.get(63));
    assertFalse(Arrays.equals(exact.get(64), block.get(64)));
  }

  @Test
  void bitsAreTheMethodsAndSixteenForWhatWaits() {
    CacheMethod two =
        window -> {
          StoredLayer exact = CacheMethod.EXACT.store(window);
          return new StoredLayer(
              exact.keys(), exact.values(), exact.recent(), 2 * window.elements());
        };
    try (Engine engine =
            new CpuEngine(TinyModel.CONFIG, weights, kernels, team, two, Attend.QUANTIZED, LIMITS);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      engine.run(List.of(new Step(sequence, TinyModel.tokens(64), Output.NONE)));
      long perToken = 2L * TinyModel.SHAPE.kvDim() * TinyModel.SHAPE.layers();
      assertEquals(64 * perToken * 2 / 8, sequence.blockBytes());
      engine.run(List.of(new Step(sequence, new int[] {1}, Output.NONE)));
      assertEquals(64 * perToken * 2 / 8 + perToken * 16 / 8, sequence.blockBytes());
    }
  }

  @Test
  void peaksAreTheLargestEntriesOfHiddenStates() {
    int[] tokens = TinyModel.tokens(70);
    List<float[]> peaks = new ArrayList<>();
    CacheMethod noting =
        window -> {
          peaks.add(window.peaks());
          return CacheMethod.EXACT.store(window);
        };
    run(noting, Attend.QUANTIZED, tokens, 70);
    float expected = 0;
    for (int i = 0; i < TinyModel.CONFIG.hidden(); i++) {
      float entry =
          weights
              .embedding()
              .data()
              .getAtIndex(ValueLayout.JAVA_FLOAT, (long) tokens[3] * TinyModel.CONFIG.hidden() + i);
      expected = Math.max(expected, Math.abs(entry));
    }
    assertEquals(70, peaks.getFirst().length);
    assertEquals(expected, peaks.getFirst()[3]);
    assertTrue(peaks.size() == TinyModel.CONFIG.layers());
  }
}
