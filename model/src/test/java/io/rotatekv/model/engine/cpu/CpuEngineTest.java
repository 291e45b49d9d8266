package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class CpuEngineTest {

  private final Arena arena = Arena.ofShared();
  private final Team team = Team.of(2);
  private final Kernels kernels = Backends.open("auto", team).kernels();
  private final ModelWeights weights = TinyModel.weights(arena);

  static List<CodecSpec> codecs() {
    return CodecSpec.ALL;
  }

  @AfterEach
  void close() {
    team.close();
    arena.close();
  }

  private Engine engine(CodecSpec codec, Attend attend, int chunk) {
    return engine(TinyModel.context(codec), attend, chunk);
  }

  private Engine engine(CodecContext codec, Attend attend, int chunk) {
    return new CpuEngine(
        TinyModel.CONFIG,
        weights,
        kernels,
        team,
        codec,
        attend,
        new EngineLimits(640, chunk),
        LayerObserver.NONE);
  }

  @Test
  void fp16LogitsAreThoseOfTheNaiveTransformer() {
    int[] tokens = TinyModel.tokens(150);
    double[][] expected = new NaiveTransformer(TinyModel.CONFIG, weights).logits(tokens);
    try (Engine engine = engine(CodecSpec.FP16, Attend.BLOCK, 64);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      List<float[]> actual = logits(engine, sequence, tokens);
      for (int t = 0; t < tokens.length; t++) {
        for (int id = 0; id < TinyModel.CONFIG.vocabulary(); id++) {
          assertEquals(expected[t][id], actual.get(t)[id], 0.1, "token " + t + " id " + id);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void blocksDoNotDependOnHowAPromptIsCut(CodecSpec codec) {
    int[] tokens = TinyModel.tokens(320);
    Map<String, List<Byte>> whole = blocks(codec, tokens, 320, 512);
    assertEquals(5 * TinyModel.CONFIG.layers(), whole.size());
    assertEquals(whole, blocks(codec, tokens, 320, 64));
    assertEquals(whole, blocks(codec, tokens, 128, 512));
  }

  @Test
  void encodingIsCountedLayerByLayer() {
    try (Engine engine = engine(CodecSpec.SHAPED_2, Attend.BLOCK, 64);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      engine.run(List.of(new Step(sequence, TinyModel.tokens(150), Output.NONE)));
      List<EncodeStats> layers = engine.encodeStats();
      assertEquals(TinyModel.CONFIG.layers(), layers.size());
      for (EncodeStats layer : layers) {
        assertEquals(2, layer.blocks());
        long tokens = 2L * BLOCK_TOKENS - layer.sinks();
        assertEquals(2 * tokens * TinyModel.SHAPE.kvDim(), layer.codes());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void aStoredPrefixGivesTheSameAnswerAsComputingIt(CodecSpec codec) {
    int[] prompt = TinyModel.tokens(300);
    try (Engine engine = engine(codec, Attend.BLOCK, 128)) {
      List<Integer> computed =
          new Generator(engine, id -> false).generate(prompt, 80, Sampling.GREEDY, id -> {});
      for (int cached : new int[] {1, 4}) {
        assertEquals(computed, generateWithPrefix(engine, prompt, cached, 80));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Attend.class)
  void aStepDoesNotDependOnItsBatch(Attend attend) {
    try (Engine engine = engine(CodecSpec.ROTATEKV_2, attend, 128)) {
      List<Integer> alone = interleaved(engine, 1).getFirst();
      List<List<Integer>> together = interleaved(engine, 9);
      together.forEach(tokens -> assertEquals(alone, tokens));
    }
  }

  @Test
  void fullAttentionOverFreshTokensIsThatOfFp16UntilSealed() {
    int[] tokens = TinyModel.tokens(200);
    List<float[]> exact;
    try (Engine engine = engine(CodecSpec.FP16, Attend.BLOCK, 128);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      exact = logits(engine, sequence, tokens);
    }
    try (Engine engine = engine(CodecSpec.ROTATEKV_2, Attend.FULL, 128);
        Sequence sequence = engine.open(BlockListener.NONE);
        Sequence sealed = engine.open(BlockListener.NONE)) {
      int[] head = Arrays.copyOf(tokens, 192);
      int[] tail = Arrays.copyOfRange(tokens, 192, 200);
      List<float[]> fresh = logits(engine, sequence, head);
      assertArrayEquals(exact.get(191), fresh.get(191), 1e-3f);
      logits(engine, sealed, head);
      sealed.seal();
      float[] open = logits(engine, sequence, tail).getLast();
      assertArrayEquals(exact.get(199), open, 1e-3f);
      assertFalse(Arrays.equals(open, logits(engine, sealed, tail).getLast()));
    }
  }

  @Test
  void quantizedAttentionSeesItsOwnTokenQuantized() {
    int[] tokens = TinyModel.tokens(10);
    try (Engine own = engine(CodecSpec.ROTATEKV_2, Attend.QUANTIZED, 64);
        Engine block = engine(CodecSpec.ROTATEKV_2, Attend.BLOCK, 64);
        Sequence a = own.open(BlockListener.NONE);
        Sequence b = block.open(BlockListener.NONE)) {
      float[] quantized = logits(own, a, tokens).getFirst();
      float[] exact = logits(block, b, tokens).getFirst();
      assertFalse(Arrays.equals(quantized, exact));
    }
  }

  @Test
  void aStepWaitsForItsLayersAndFailsWhenTheyAreAborted() {
    try (Engine engine = engine(CodecSpec.FP16, Attend.BLOCK, 64);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      sequence.expect(1);
      assertFalse(sequence.loaded(0));
      CompletableFuture<Throwable> failure =
          CompletableFuture.supplyAsync(
              () -> assertThrows(IllegalStateException.class, () -> run(engine, sequence)));
      sequence.abort(new IllegalStateException("the store is gone"));
      assertEquals("the store is gone", failure.join().getMessage());
    }
  }

  @Test
  void aSequenceMayNotOutgrowTheContext() {
    try (Engine engine = engine(CodecSpec.FP16, Attend.BLOCK, 64);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      Step step = new Step(sequence, TinyModel.tokens(641), Output.NONE);
      IllegalArgumentException refusal =
          assertThrows(IllegalArgumentException.class, () -> engine.run(List.of(step)));
      assertTrue(String.valueOf(refusal.getMessage()).contains("641"));
      assertEquals(0, sequence.length());
    }
  }

  @Test
  void tokensAboveTheThresholdOfSinksKeepTheirPrecision() {
    int[] tokens = TinyModel.tokens(130);
    float[] exact = lastLogits(TinyModel.context(CodecSpec.FP16), tokens);
    float[] sinks = lastLogits(TinyModel.context(CodecSpec.ROTATEKV_2, 0f), tokens);
    float[] none =
        lastLogits(TinyModel.context(CodecSpec.ROTATEKV_2, Float.POSITIVE_INFINITY), tokens);
    assertTrue(distance(exact, sinks) < 0.05 * distance(exact, none));
  }

  private float[] lastLogits(CodecContext codec, int[] tokens) {
    try (Engine engine = engine(codec, Attend.BLOCK, 64);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      return logits(engine, sequence, tokens).getLast();
    }
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  @Test
  void quantizedBlocksTakeFewBytes() {
    try (Engine engine = engine(CodecSpec.ROTATEKV_2, Attend.BLOCK, 128);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      engine.run(List.of(new Step(sequence, TinyModel.tokens(128), Output.NONE)));
      long fp16 = 128L * 2 * 2 * TinyModel.SHAPE.kvDim() * TinyModel.SHAPE.layers();
      // Heads of 16 channels make groups of 16: 1 bit per element goes to scales and zeros.
      assertTrue(sequence.blockBytes() < fp16 * 2 / 3, sequence.blockBytes() + " of " + fp16);
      assertNotEquals(0, sequence.blockBytes());
    }
  }

  private static void run(Engine engine, Sequence sequence) {
    engine.run(List.of(new Step(sequence, new int[] {1}, Output.NONE)));
  }

  private static List<float[]> logits(Engine engine, Sequence sequence, int[] tokens) {
    List<float[]> rows = new ArrayList<>();
    Output.LogitsConsumer keep =
        (index, logits, offset) ->
            rows.add(Arrays.copyOfRange(logits, offset, offset + TinyModel.CONFIG.vocabulary()));
    engine.run(List.of(new Step(sequence, tokens, new Output.Logits(keep))));
    return rows;
  }

  private Map<String, List<Byte>> blocks(CodecSpec codec, int[] tokens, int step, int chunk) {
    Map<String, List<Byte>> blocks = new TreeMap<>();
    BlockListener keep = (block, layer, bytes) -> blocks.put(block + "/" + layer, list(bytes));
    try (Engine engine = engine(codec, Attend.BLOCK, chunk);
        Sequence sequence = engine.open(keep)) {
      for (int from = 0; from < tokens.length; from += step) {
        int[] part = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + step));
        engine.run(List.of(new Step(sequence, part, Output.NONE)));
      }
    }
    return blocks;
  }

  private static List<Byte> list(MemorySegment bytes) {
    List<Byte> list = new ArrayList<>();
    for (byte b : bytes.toArray(ValueLayout.JAVA_BYTE)) {
      list.add(b);
    }
    return list;
  }

  private static List<Integer> generateWithPrefix(
      Engine engine, int[] prompt, int cachedBlocks, int count) {
    int cached = cachedBlocks * 64;
    List<Integer> answer = new ArrayList<>();
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      sequence.expect(cachedBlocks);
      BlockListener load = (block, layer, bytes) -> sequence.load(block, layer, bytes);
      try (Sequence producer = engine.open(load)) {
        engine.run(List.of(new Step(producer, Arrays.copyOf(prompt, cached), Output.NONE)));
      }
      int whole = Generator.cacheableBlocks(prompt.length) * 64;
      if (whole > cached) {
        int[] rest = Arrays.copyOfRange(prompt, cached, whole);
        engine.run(List.of(new Step(sequence, rest, Output.NONE)));
      }
      int[] next = Arrays.copyOfRange(prompt, whole, prompt.length);
      while (answer.size() < count) {
        Step step = new Step(sequence, next, new Output.Sample(Sampling.GREEDY));
        next = engine.run(List.of(step));
        answer.add(next[0]);
      }
    }
    return answer;
  }

  private static List<List<Integer>> interleaved(Engine engine, int sequences) {
    List<Sequence> open = new ArrayList<>();
    List<List<Integer>> answers = new ArrayList<>();
    List<int[]> next = new ArrayList<>();
    for (int i = 0; i < sequences; i++) {
      open.add(engine.open(BlockListener.NONE));
      answers.add(new ArrayList<>());
      next.add(TinyModel.tokens(70));
    }
    for (int round = 0; round < 70; round++) {
      List<Step> steps = new ArrayList<>();
      for (int i = 0; i < sequences; i++) {
        steps.add(new Step(open.get(i), next.get(i), new Output.Sample(Sampling.GREEDY)));
      }
      int[] tokens = engine.run(steps);
      for (int i = 0; i < sequences; i++) {
        answers.get(i).add(tokens[i]);
        next.set(i, new int[] {tokens[i]});
      }
    }
    open.forEach(Sequence::close);
    return answers;
  }
}
