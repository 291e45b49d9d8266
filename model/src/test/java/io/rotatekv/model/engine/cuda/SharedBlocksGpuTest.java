package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks that travel between an engine on the GPU and one on the CPU. */
final class SharedBlocksGpuTest {

  /**
   * How far logits may be apart, relative to their length, where both engines read the same blocks:
   * what enters products is FP16 on the GPU.
   */
  private static final double SAME_BLOCKS = 0.03;

  private final Arena arena = Arena.ofShared();

  static List<CodecSpec> codecs() {
    return CodecSpec.ALL;
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private EnginePair open(CodecSpec codec) {
    return open(model -> model.context(codec));
  }

  private EnginePair open(Function<RandomModel, CodecContext> codec) {
    RandomModel model = RandomModel.of(9, 3, 64, arena);
    EngineLimits limits = new EngineLimits(1024, 128);
    return EnginePair.open(model.config(), model.weights(), codec.apply(model), limits);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void blocksMeanWhatTheCpusBlocksMean(CodecSpec codec) {
    int[] prompt = RandomModel.tokens(320, 3);
    try (EnginePair engines = open(codec)) {
      Map<EnginePair.Place, byte[]> expected = EnginePair.blocks(engines.cpu(), prompt);
      Map<EnginePair.Place, byte[]> actual = EnginePair.blocks(engines.gpu(), prompt);
      assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
      BlockCodec reader = engines.kernels().codec(engines.gpu().codec());
      expected.forEach((place, bytes) -> {
        byte[] other = Objects.requireNonNull(actual.get(place));
        assertArrayEquals(header(bytes), header(other), place.toString());
        double distance = EnginePair.distance(decode(reader, bytes), decode(reader, other));
        // Layer 0 gets the same embeddings: at most one code in 400 rounds to its neighbour.
        double bound = place.layer() == 0 ? 0.05 : CudaEngineGpuTest.ownBlocks(codec);
        assertTrue(distance < bound, place + " is off by " + distance);
      });
    }
  }

  /** All of a header but the checksum. */
  private static byte[] header(byte[] block) {
    byte[] header = Arrays.copyOf(block, 64);
    Arrays.fill(header, 36, 40, (byte) 0);
    return header;
  }

  private static float[] decode(BlockCodec reader, byte[] block) {
    int count = 64 * reader.shape().kvDim();
    float[] keys = new float[count];
    float[] values = new float[count];
    reader.decodeKeys(MemorySegment.ofArray(block), keys);
    reader.decodeValues(MemorySegment.ofArray(block), values);
    float[] both = Arrays.copyOf(keys, 2 * count);
    System.arraycopy(values, 0, both, count, count);
    return both;
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void prefixesTravelBothWays(CodecSpec codec) {
    assertPrefixesTravelBothWays(open(codec));
  }

  @Test
  void prefixesWhoseLayersDifferInTheirCodecsTravelBothWays() {
    assertPrefixesTravelBothWays(open(RandomModel::mixedContext));
  }

  private static void assertPrefixesTravelBothWays(EnginePair opened) {
    int[] prompt = RandomModel.tokens(256, 4);
    int[] rest = RandomModel.tokens(60, 5); // Within one block, so that none is added.
    try (EnginePair engines = opened) {
      Map<EnginePair.Place, byte[]> fromCpu = EnginePair.blocks(engines.cpu(), prompt);
      Map<EnginePair.Place, byte[]> fromGpu = EnginePair.blocks(engines.gpu(), prompt);
      for (Map<EnginePair.Place, byte[]> blocks : List.of(fromCpu, fromGpu)) {
        List<float[]> expected = continueFrom(engines, engines.cpu(), blocks, rest);
        List<float[]> actual = continueFrom(engines, engines.gpu(), blocks, rest);
        for (int i = 0; i < rest.length; i++) {
          double distance = EnginePair.distance(expected.get(i), actual.get(i));
          assertTrue(distance < SAME_BLOCKS, "token " + i + " is off by " + distance);
        }
      }
      assertEquals(0, engines.gpu().cacheUsed());
    }
  }

  /** Loads from another thread while the engine runs: 20 tokens at once, then one by one. */
  private static List<float[]> continueFrom(
      EnginePair engines, Engine engine, Map<EnginePair.Place, byte[]> blocks, int[] rest) {
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      sequence.expect(4);
      CompletableFuture<Void> loading =
          CompletableFuture.runAsync(() -> EnginePair.load(sequence, blocks));
      List<float[]> rows =
          new ArrayList<>(engines.logits(engine, sequence, Arrays.copyOf(rest, 20)));
      loading.join();
      assertTrue(sequence.loaded(2));
      for (int i = 20; i < rest.length; i++) {
        rows.addAll(engines.logits(engine, sequence, rest[i]));
      }
      return rows;
    }
  }

  @Test
  void blocksOfAnAnswerAreToldAndReadByTheCpu() {
    int[] tokens = RandomModel.tokens(140, 6);
    Map<EnginePair.Place, byte[]> blocks = new TreeMap<>();
    try (EnginePair engines = open(CodecSpec.CENTRED_2);
        Sequence gpu = engines.gpu().open(EnginePair.keep(blocks));
        Sequence whole = engines.cpu().open(BlockListener.NONE);
        Sequence loaded = engines.cpu().open(BlockListener.NONE)) {
      for (int token : Arrays.copyOf(tokens, 128)) {
        engines.gpu().run(List.of(new Step(gpu, new int[] {token}, Output.NONE)));
      }
      assertEquals(2 * engines.gpu().codec().shape().layers(), blocks.size());
      loaded.expect(2);
      EnginePair.load(loaded, blocks);
      engines.cpu().run(List.of(new Step(whole, Arrays.copyOf(tokens, 128), Output.NONE)));
      int[] rest = Arrays.copyOfRange(tokens, 128, 140);
      float[] expected = engines.logits(engines.cpu(), whole, rest).getLast();
      float[] actual = engines.logits(engines.cpu(), loaded, rest).getLast();
      assertTrue(
          EnginePair.distance(expected, actual) < CudaEngineGpuTest.ownBlocks(CodecSpec.CENTRED_2));
    }
  }

  @Test
  void aStepFailsWhenItsBlocksAreAborted() {
    try (EnginePair engines = open(CodecSpec.FP16);
        Sequence sequence = engines.gpu().open(BlockListener.NONE)) {
      sequence.expect(1);
      assertFalse(sequence.loaded(0));
      Step step = new Step(sequence, new int[] {1, 2}, Output.NONE);
      CompletableFuture<Throwable> failure =
          CompletableFuture.supplyAsync(() ->
              assertThrows(IllegalStateException.class, () -> engines.gpu().run(List.of(step))));
      sequence.abort(new IllegalStateException("the store is gone"));
      assertEquals("the store is gone", failure.join().getMessage());
    }
  }
}
