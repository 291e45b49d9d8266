package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Kernels that start before the one ahead of them has ended read what that one wrote. */
final class EarlyStartGpuTest {

  private static final int ROWS = 2048;
  private static final int WIDTH = 8192;
  private static final int ROUNDS = 20;

  /** Norms of many rows are long enough, and last rows late enough, for the next to overtake. */
  @Test
  void whatReadsALongKernelsResultWaitsForAllOfIt() {
    float[] x = new float[WIDTH];
    Random random = new Random(3);
    for (int i = 0; i < WIDTH; i++) {
      x[i] = (float) random.nextGaussian();
    }
    float[] rows = new float[ROWS * WIDTH];
    for (int row = 0; row < ROWS; row++) {
      System.arraycopy(x, 0, rows, row * WIDTH, WIDTH);
    }
    float[] ones = new float[WIDTH];
    Arrays.fill(ones, 1);
    try (CudaDevice device = CudaDevice.open(0);
        CudaStream stream = device.stream();
        EmbedKernel embed = new EmbedKernel(device);
        RmsNormKernel norm = new RmsNormKernel(device);
        DeviceBuffer in = GpuMemory.floats(device, stream, rows);
        DeviceBuffer weight = GpuMemory.floats(device, stream, ones);
        DeviceBuffer normed = device.allocate((long) ROWS * WIDTH * Short.BYTES);
        DeviceBuffer last = GpuMemory.longs(device, stream, ROWS - 1); // an INT32 in its first half
        DeviceBuffer out = device.allocate((long) WIDTH * Float.BYTES)) {
      Runnable both =
          () -> {
            norm.normalize(
                in.address(), weight.address(), ROWS, WIDTH, 1e-5f, normed.address(), 0, stream);
            embed.embed(normed.address(), last.address(), 1, WIDTH, out.address(), stream);
          };
      both.run();
      stream.synchronize();
      float[] expected = GpuMemory.floats(out, stream);
      assertTrue(expected[0] != 0);
      try (CudaGraph graph = CudaGraph.capture(stream, both)) {
        for (int round = 0; round < ROUNDS; round++) {
          normed.zero(stream);
          out.zero(stream);
          stream.synchronize();
          if (round % 2 == 0) {
            both.run();
          } else {
            graph.launch(stream);
          }
          assertArrayEquals(expected, GpuMemory.floats(out, stream), "round " + round);
        }
      }
    }
  }
}
