package io.rotatekv.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Counters on the device of what encoding loses in each layer, as {@code detail/quantizer.cuh} has
 * them.
 */
final class EncodeCounts implements AutoCloseable {

  private static final int COUNTERS = 5; // of a layer; the last counts lines that are not finite

  private static final int BYTES = COUNTERS * Long.BYTES;

  private final DeviceBuffer counters;

  EncodeCounts(CudaDevice device, int layers) {
    counters = device.allocate((long) layers * BYTES);
    try (CudaStream stream = device.stream()) {
      counters.zero(stream);
      stream.synchronize();
    }
  }

  /** Address of a layer's. */
  long address(int layer) {
    return counters.address() + (long) layer * BYTES;
  }

  /** Address of a layer's last. */
  long broken(int layer) {
    return address(layer) + BYTES - Long.BYTES;
  }

  /**
   * Their values, layer by layer; waits for the stream.
   *
   * @throws IllegalStateException if a line was not finite
   */
  List<EncodeLosses> read(CudaStream stream) {
    List<EncodeLosses> losses = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(counters.bytes(), Long.BYTES);
      counters.download(host, 0, stream);
      stream.synchronize();
      long[] counts = host.toArray(ValueLayout.JAVA_LONG);
      for (int i = 0; i < counts.length; i += COUNTERS) {
        if (counts[i + COUNTERS - 1] != 0) {
          counters.zero(stream); // The next blocks may be sound.
          throw new IllegalStateException(
              ("keys or values of layer %d that are NaN or infinite were encoded, which no codec"
                      + " can hold; the model's state is broken")
                  .formatted(i / COUNTERS));
        }
        losses.add(new EncodeLosses(counts[i], counts[i + 1], counts[i + 2], counts[i + 3]));
      }
    }
    return losses;
  }

  @Override
  public void close() {
    counters.close();
  }
}
