package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.model.engine.EngineLimits;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the GPU's engine says of its losses, against the CPU's on the same prompts. */
final class BlockSamplerGpuTest {

  private static final int PROMPTS = 24;
  private static final int TOKENS = 128;

  static List<CodecSpec> quantizing() {
    return CodecSpec.ALL.stream().filter(codec -> codec.family() != CodecFamily.FP16).toList();
  }

  /**
   * The CPU looks at the first block of a layer, the GPU at others: of this model's random keys one
   * block's error is within a fifth of another's.
   */
  @ParameterizedTest
  @MethodSource("quantizing")
  void errorAndClippedElementsAreLikeTheCpus(CodecSpec codec) {
    List<EncodeStats> gpu;
    List<EncodeStats> cpu;
    try (Arena arena = Arena.ofShared()) {
      RandomModel model = RandomModel.of(9, 3, 64, arena);
      EnginePair engines =
          EnginePair.open(
              model.config(),
              model.weights(),
              model.context(codec),
              new EngineLimits(1024, TOKENS));
      try (engines) {
        for (int i = 0; i < PROMPTS; i++) {
          int[] prompt = RandomModel.tokens(TOKENS, i);
          assertEquals(
              EnginePair.blocks(engines.cpu(), prompt).keySet(),
              EnginePair.blocks(engines.gpu(), prompt).keySet());
        }
      }
      // Closed, so that the sampler's thread has ended.
      gpu = engines.gpu().encodeStats();
      cpu = engines.cpu().encodeStats();
    }
    assertTrue(gpu.getFirst().sampled().blocks() > 0, "no block was looked at");
    for (int layer = 0; layer < gpu.size(); layer++) {
      double codes = cpu.get(layer).codes();
      assertEquals(codes, (double) gpu.get(layer).codes(), 0.01 * codes);
      if (gpu.get(layer).sampled().blocks() > 0) {
        assertLike(cpu.get(layer), gpu.get(layer));
      }
    }
  }

  private static void assertLike(EncodeStats cpu, EncodeStats gpu) {
    double keys = cpu.sampled().keys();
    assertEquals(keys, gpu.sampled().keys(), 0.3 * keys);
    double values = cpu.sampled().values();
    assertEquals(values, gpu.sampled().values(), 0.3 * values);
    double clipped = cpu.clippedCodes();
    assertEquals(clipped, (double) gpu.clippedCodes(), 0.5 * clipped + 0.001 * cpu.codes());
  }
}
