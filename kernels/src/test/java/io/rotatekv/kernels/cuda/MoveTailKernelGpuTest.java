package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Moving an unfilled block against copying it number by number. */
final class MoveTailKernelGpuTest {

  private static final int LAYERS = 6;
  private static final int WIDTH = 192; // numbers of a row
  private static final int TOKENS = 16;

  @Test
  void everyLayersTokensMoveAndNothingElseIsWritten() {
    short[] from = new short[2 * 128 * WIDTH];
    Random random = new Random(4);
    for (int i = 0; i < from.length; i++) {
      from[i] = (short) (1 + random.nextInt(30_000));
    }
    short[] expected = new short[3 * 128 * WIDTH];
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int side = 0; side < 2; side++) {
        int source = (layer / 4 * 128 + layer % 4 * 16 + side * 64) * WIDTH;
        int target = (layer / 2 * 128 + layer % 2 * 32 + side * 64) * WIDTH;
        System.arraycopy(from, source, expected, target, TOKENS * WIDTH);
      }
    }
    try (CudaDevice device = CudaDevice.open(0);
        CudaStream stream = device.stream();
        MoveTailKernel kernel = new MoveTailKernel(device);
        DeviceBuffer source = GpuMemory.halves(device, stream, from);
        DeviceBuffer target = GpuMemory.halves(device, stream, new short[expected.length])) {
      kernel.move(source.address(), 16, target.address(), 32, LAYERS, TOKENS, 2L * WIDTH, stream);

      assertArrayEquals(expected, GpuMemory.halves(target, stream));
      assertArrayEquals(from, Arrays.copyOf(GpuMemory.halves(source, stream), from.length));
    }
  }
}
