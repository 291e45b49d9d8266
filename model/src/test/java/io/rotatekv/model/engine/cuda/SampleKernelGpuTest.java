package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.SampleKernel;
import io.rotatekv.model.engine.Sampler;
import io.rotatekv.model.engine.Sampling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The device's sampler against the host's: the same token for the same seed and position. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SampleKernelGpuTest {

  private static final List<Sampling> SETTINGS =
      List.of(
          Sampling.GREEDY,
          new Sampling(1f, 0, 1f, 1),
          new Sampling(0.7f, 40, 1f, 2),
          new Sampling(0.7f, 0, 0.9f, 3),
          new Sampling(1.3f, 50, 0.95f, 4),
          new Sampling(100f, 0, 1f, 5),
          new Sampling(0.05f, 0, 0.3f, 6),
          new Sampling(1f, 1, 1f, 7),
          new Sampling(2f, 7, 0.99f, -8));

  private static final int ROUNDS = 20;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final SampleKernel kernel = new SampleKernel(device);

  @AfterAll
  void close() {
    kernel.close();
    stream.close();
    device.close();
  }

  // 97: fewer than threads; 49,152: the demo model; 128,256: LLaMA 3, not a multiple of threads.
  @ParameterizedTest
  @ValueSource(ints = {97, 49_152, 128_256})
  void tokensAreThoseOfTheHost(int vocabulary) {
    Random random = new Random(vocabulary);
    assertSame(vocabulary, logits(random, vocabulary, 3, Float.MIN_VALUE));
  }

  // Rounded to halves, so that many tokens are equally likely, at the edges of top-k and top-p too.
  @ParameterizedTest
  @ValueSource(ints = {97, 49_152})
  void tiesAreBrokenByTheLowerId(int vocabulary) {
    Random random = new Random(vocabulary);
    assertSame(vocabulary, logits(random, vocabulary, 1, 0.5f));
  }

  private static float[] logits(Random random, int vocabulary, double deviation, float step) {
    float[] logits = new float[SETTINGS.size() * vocabulary];
    for (int i = 0; i < logits.length; i++) {
      float x = (float) (random.nextGaussian() * deviation);
      logits[i] = step == Float.MIN_VALUE ? x : Math.round(x / step) * step;
    }
    return logits;
  }

  private void assertSame(int vocabulary, float[] logits) {
    int rows = SETTINGS.size();
    try (Arena arena = Arena.ofConfined();
        DeviceBuffer logitBuffer = device.allocate((long) logits.length * Float.BYTES);
        DeviceBuffer settings = device.allocate((long) rows * SampleKernel.SETTINGS_BYTES);
        DeviceBuffer positions = device.allocate((long) rows * Integer.BYTES);
        DeviceBuffer tokens = device.allocate((long) rows * Integer.BYTES)) {
      logitBuffer.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, logits), 0, stream);
      settings.upload(describe(arena), 0, stream);
      for (int round = 0; round < ROUNDS; round++) {
        int position = 1_000 * round;
        positions.upload(positions(arena, position), 0, stream);
        kernel.sample(
            logitBuffer.address(),
            settings.address(),
            positions.address(),
            rows,
            vocabulary,
            tokens.address(),
            stream);
        MemorySegment back = arena.allocate(tokens.bytes(), Integer.BYTES);
        tokens.download(back, 0, stream);
        stream.synchronize();
        List<Integer> expected = new ArrayList<>();
        List<Integer> actual = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
          int next = position + row + 1;
          expected.add(
              Sampler.sample(logits, row * vocabulary, vocabulary, SETTINGS.get(row), next));
          actual.add(back.getAtIndex(ValueLayout.JAVA_INT, row));
        }
        assertEquals(expected, actual, "round " + round);
      }
    }
  }

  private static MemorySegment describe(Arena arena) {
    MemorySegment settings =
        arena.allocate((long) SETTINGS.size() * SampleKernel.SETTINGS_BYTES, Long.BYTES);
    for (int row = 0; row < SETTINGS.size(); row++) {
      Sampling sampling = SETTINGS.get(row);
      SampleKernel.describe(
          settings,
          (long) row * SampleKernel.SETTINGS_BYTES,
          sampling.temperature(),
          sampling.topK(),
          sampling.topP(),
          sampling.seed());
    }
    return settings;
  }

  private static MemorySegment positions(Arena arena, int first) {
    int[] positions = new int[SETTINGS.size()];
    for (int row = 0; row < positions.length; row++) {
      positions[row] = first + row;
    }
    return arena.allocateFrom(ValueLayout.JAVA_INT, positions);
  }
}
