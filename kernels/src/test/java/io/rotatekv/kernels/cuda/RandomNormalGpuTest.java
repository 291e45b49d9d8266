package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RandomNormalGpuTest {

  private static final int COUNT = 1 << 20;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final RandomNormal random = new RandomNormal(device);

  @AfterEach
  void close() {
    random.close();
    stream.close();
    device.close();
  }

  @Test
  void momentsAreThoseOfTheNormalDistribution() {
    short[] halves = fill(1, 2);

    double mean = 0;
    double square = 0;
    int beyondTwoDeviations = 0;
    for (short half : halves) {
      double value = Float.float16ToFloat(half);
      mean += value / COUNT;
      square += value * value / COUNT;
      beyondTwoDeviations += Math.abs(value) > 4 ? 1 : 0;
    }
    // A million samples: six deviations of each estimate.
    assertEquals(0, mean, 0.012);
    assertEquals(4, square, 0.035);
    assertEquals(0.0455, (double) beyondTwoDeviations / COUNT, 0.0013);
  }

  @Test
  void seedsDecideTheNumbers() {
    short[] first = fill(1, 1);

    assertArrayEquals(first, fill(1, 1));
    assertFalse(Arrays.equals(first, fill(2, 1)));
  }

  private short[] fill(long seed, float deviation) {
    try (DeviceBuffer buffer = device.allocate(COUNT * 2L)) {
      random.fill(buffer, seed, deviation, stream);
      return GpuMemory.halves(buffer, stream);
    }
  }
}
