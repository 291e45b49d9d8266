package io.rotatekv.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Counters on the device of what encoding loses, as {@code detail/quantizer.cuh} has them. */
final class EncodeCounts implements AutoCloseable {

  private static final int COUNTERS = 5;

  private final DeviceBuffer counters;

  EncodeCounts(CudaDevice device) {
    counters = device.allocate(COUNTERS * Long.BYTES);
    try (CudaStream stream = device.stream()) {
      counters.zero(stream);
      stream.synchronize();
    }
  }

  /** Address of all. */
  long address() {
    return counters.address();
  }

  /** Address of the last, which counts lines that are not finite. */
  long broken() {
    return counters.address() + (COUNTERS - 1) * Long.BYTES;
  }

  /**
   * Their values; waits for the stream.
   *
   * @throws IllegalStateException if a line was not finite
   */
  EncodeLosses read(CudaStream stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(counters.bytes(), Long.BYTES);
      counters.download(host, 0, stream);
      stream.synchronize();
      long[] counts = host.toArray(ValueLayout.JAVA_LONG);
      if (counts[COUNTERS - 1] != 0) {
        counters.zero(stream); // The next blocks may be sound.
        throw new IllegalStateException(
            "keys or values that are NaN or infinite were encoded, which no codec can hold;"
                + " the model's state is broken");
      }
      return new EncodeLosses(counts[0], counts[1], counts[2], counts[3]);
    }
  }

  @Override
  public void close() {
    counters.close();
  }
}
