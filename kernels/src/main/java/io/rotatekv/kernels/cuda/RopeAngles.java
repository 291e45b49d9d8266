package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Cosines and sines of rotary position embedding on the device, computed in FP64: of the offsets
 * within a block, and of the blocks' first positions. Kernels put the two together.
 */
public final class RopeAngles implements AutoCloseable {

  private final int pairs;
  private final DeviceBuffer angles;
  private final DeviceBuffer phases;

  /**
   * Computes and copies the tables.
   *
   * @param inverseFrequencies radians per position of each of {@code headDim / 2} pairs
   * @param positions how many positions, rounded up to whole blocks
   */
  public RopeAngles(CudaDevice device, double[] inverseFrequencies, int positions) {
    pairs = inverseFrequencies.length;
    angles = upload(device, inverseFrequencies, BLOCK_TOKENS, 1);
    phases =
        upload(device, inverseFrequencies, Math.ceilDiv(positions, BLOCK_TOKENS), BLOCK_TOKENS);
  }

  private static DeviceBuffer upload(
      CudaDevice device, double[] inverseFrequencies, int rows, int step) {
    int pairs = inverseFrequencies.length;
    try (Arena arena = Arena.ofConfined();
        CudaStream stream = device.stream()) {
      MemorySegment table = arena.allocate(2L * rows * pairs * Float.BYTES, Float.BYTES);
      for (int row = 0; row < rows; row++) {
        for (int pair = 0; pair < pairs; pair++) {
          double angle = (double) row * step * inverseFrequencies[pair];
          long at = 2L * (row * pairs + pair);
          table.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) Math.cos(angle));
          table.setAtIndex(ValueLayout.JAVA_FLOAT, at + 1, (float) Math.sin(angle));
        }
      }
      DeviceBuffer buffer = device.allocate(table.byteSize());
      buffer.upload(table, 0, stream);
      stream.synchronize();
      return buffer;
    }
  }

  /** Half the head dimension. */
  public int pairs() {
    return pairs;
  }

  /** Address of FP32 (cos, sin) of offsets 0 to 63, {@code (64, pairs)}. */
  public long angles() {
    return angles.address();
  }

  /** Address of FP32 (cos, sin) of the blocks' first positions, {@code (blocks, pairs)}. */
  public long phases() {
    return phases.address();
  }

  @Override
  public void close() {
    angles.close();
    phases.close();
  }
}
