package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.CacheFullException;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine on the GPU against the engine on the CPU. */
final class CudaEngineGpuTest {

  private static final EngineLimits LIMITS = new EngineLimits(1024, 128);

  private static final int ROUNDS = 40;

  private final Arena arena = Arena.ofShared();

  static List<CodecSpec> codecs() {
    return CodecSpec.ALL;
  }

  /**
   * How far logits may be apart, relative to their length, where each engine reads its own blocks;
   * of many tokens the mean half as far, and one twice. FP16 inputs of products give 3e-3. With
   * coarse codes it is more, whoever computes: an element near a boundary falls on the other side
   * of it, which moves it by a whole step, and what that changes in the next layer moves more. Keys
   * of another block or position are off by 1.
   */
  static double ownBlocks(CodecSpec codec) {
    return switch (codec.bits()) {
      case 16 -> 0.01;
      case 4 -> 0.15;
      case 3 -> 0.25;
      default -> 0.4;
    };
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private EnginePair open(int heads, int kvHeads, int headDim, CodecSpec codec) {
    RandomModel model = RandomModel.of(heads, kvHeads, headDim, arena);
    return EnginePair.open(model.config(), model.weights(), model.context(codec), LIMITS);
  }

  // Chunks that begin at a block and within one, single steps that fill a block, and chunks after.
  @ParameterizedTest
  @MethodSource("codecs")
  void logitsAreThoseOfTheCpu(CodecSpec codec) {
    try (EnginePair engines = open(9, 3, 64, codec)) {
      assertLogits(engines, RandomModel.tokens(520, 1));
    }
  }

  @Test
  void headsOf128ChannelsInGroupsOfFour() {
    for (CodecSpec codec :
        List.of(CodecSpec.ROTATEKV_2, CodecSpec.CENTRED_2, CodecSpec.SHAPED_2, CodecSpec.FP16)) {
      try (EnginePair engines = open(8, 4, 128, codec)) {
        assertLogits(engines, RandomModel.tokens(520, 2));
      }
    }
  }

  @Test
  void layersMayDifferInTheirCodecs() {
    RandomModel model = RandomModel.of(9, 3, 64, arena);
    try (EnginePair engines =
        EnginePair.open(model.config(), model.weights(), model.mixedContext(), LIMITS)) {
      assertLogits(engines, RandomModel.tokens(520, 3));
    }
  }

  private static void assertLogits(EnginePair engines, int[] tokens) {
    double tolerance = ownBlocks(engines.gpu().codec().spec());
    try (Sequence gpu = engines.gpu().open(BlockListener.NONE);
        Sequence cpu = engines.cpu().open(BlockListener.NONE)) {
      int done = 0;
      double sum = 0;
      double most = 0;
      for (int size : sizes()) {
        int[] part = Arrays.copyOfRange(tokens, done, done + size);
        List<float[]> expected = engines.logits(engines.cpu(), cpu, part);
        List<float[]> actual = engines.logits(engines.gpu(), gpu, part);
        assertEquals(size, actual.size());
        for (int i = 0; i < size; i++) {
          double distance = EnginePair.distance(expected.get(i), actual.get(i));
          sum += distance;
          most = Math.max(most, distance);
        }
        done += size;
      }
      String seen = "off by %.4f in the mean, by %.4f at most".formatted(sum / done, most);
      assertTrue(sum / done < tolerance / 2 && most < 2 * tolerance, seen);
      assertEquals(cpu.length(), gpu.length());
      assertEquals(cpu.blockBytes(), gpu.blockBytes());
    }
  }

  private static List<Integer> sizes() {
    List<Integer> sizes = new ArrayList<>(List.of(256, 30));
    for (int i = 0; i < 70; i++) {
      sizes.add(1);
    }
    sizes.addAll(List.of(20, 100, 2));
    return sizes;
  }

  // Widths 1, 4 and 8, with padding; sequences that leave and join; lengths on both sides of a
  // block.
  @Test
  void aStepDoesNotDependOnItsBatch() {
    try (EnginePair engines = open(9, 3, 64, CodecSpec.CENTRED_2)) {
      CudaEngine engine = engines.gpu();
      List<List<float[]>> alone = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        try (Sequence sequence = engine.open(BlockListener.NONE)) {
          alone.add(alone(engines, sequence, prompt(i)));
        }
      }
      List<Sequence> open = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        open.add(engine.open(BlockListener.NONE));
        engine.run(List.of(new Step(open.get(i), prompt(i), Output.NONE)));
      }
      for (int round = 0; round < ROUNDS; round++) {
        if (round == ROUNDS / 2) {
          open.get(1).close();
        }
        List<Integer> members =
            round < ROUNDS / 2 ? List.of(0, 1, 2, 3, 4) : List.of(4, 0, round % 2 == 0 ? 2 : 3);
        assertTogether(engine, open, members, alone);
      }
      open.forEach(Sequence::close);
      assertEquals(0, engine.cacheUsed());
    }
  }

  private static int[] prompt(int i) {
    return RandomModel.tokens(50 + 37 * i, 10 + i);
  }

  private static int next(int i, int length) {
    return RandomModel.tokens(1, 100 * i + length)[0];
  }

  private static List<float[]> alone(EnginePair engines, Sequence sequence, int[] prompt) {
    Engine engine = engines.gpu();
    engine.run(List.of(new Step(sequence, prompt, Output.NONE)));
    List<float[]> rows = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      int index = (prompt.length - 50) / 37;
      rows.addAll(engines.logits(engine, sequence, next(index, sequence.length())));
    }
    return rows;
  }

  private static void assertTogether(
      Engine engine, List<Sequence> open, List<Integer> members, List<List<float[]>> alone) {
    List<Step> steps = new ArrayList<>();
    List<float[]> together = new ArrayList<>();
    Output.LogitsConsumer keep = (index, logits, offset) -> together.add(logits.clone());
    for (int i : members) {
      int token = next(i, open.get(i).length());
      steps.add(new Step(open.get(i), new int[] {token}, new Output.Logits(keep)));
    }
    engine.run(steps);
    for (int m = 0; m < members.size(); m++) {
      int i = members.get(m);
      int round = open.get(i).length() - prompt(i).length - 1;
      double distance = EnginePair.distance(alone.get(i).get(round), together.get(m));
      assertTrue(
          distance < ownBlocks(CodecSpec.CENTRED_2), "sequence " + i + " is off by " + distance);
    }
  }

  @Test
  void samplingRepeatsAndIsTheSameAsFromAPrompt() {
    Sampling sampling = new Sampling(0.8f, 40, 0.95f, 12);
    try (EnginePair engines = open(9, 3, 64, CodecSpec.FP16)) {
      List<Integer> first = sampled(engines.gpu(), sampling);
      assertEquals(first, sampled(engines.gpu(), sampling));
      assertEquals(first.subList(0, 8), sampled(engines.cpu(), sampling).subList(0, 8));
    }
  }

  private static List<Integer> sampled(Engine engine, Sampling sampling) {
    List<Integer> tokens = new ArrayList<>();
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      int[] next = RandomModel.tokens(80, 8);
      for (int i = 0; i < 20; i++) {
        next = engine.run(List.of(new Step(sequence, next, new Output.Sample(sampling))));
        tokens.add(next[0]);
      }
    }
    return tokens;
  }

  @Test
  void aFullCacheIsRefusedAndWorksOnceSequencesAreClosed() {
    try (EnginePair engines = open(8, 4, 128, CodecSpec.FP16)) {
      CudaEngine engine = engines.gpu();
      KvShape shape = engine.codec().shape();
      // 512 MiB; a sequence's unfilled block in FP16 is what fills it.
      long each = TailLayout.of(shape, 1).bytes();
      List<Sequence> open = new ArrayList<>();
      assertThrows(
          CacheFullException.class,
          () -> {
            for (int i = 0; i <= (512L << 20) / each; i++) {
              open.add(engine.open(BlockListener.NONE));
              engine.run(List.of(new Step(open.getLast(), new int[] {i % 500}, Output.NONE)));
            }
          });
      open.forEach(Sequence::close);
      assertEquals(0, engine.cacheUsed());
      try (Sequence sequence = engine.open(BlockListener.NONE)) {
        engine.run(List.of(new Step(sequence, new int[] {1}, Output.NONE)));
        assertEquals(1, sequence.length());
      }
    }
  }
}
