package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.RandomNormal;

/**
 * How fast the card moves bytes: what memory-bound kernels are measured against.
 *
 * @param bytes bytes read and bytes written of one copy, together
 * @param ms its time
 * @param tbS the rate, in 1e12 bytes per second
 */
public record CopyRate(String bench, long bytes, double ms, double tbS) {

  private static final long COPY_BYTES = 1L << 30;

  /** Copies a gibibyte within the device's memory. */
  static CopyRate measure(CudaDevice device, RandomNormal random, GpuTimer timer) {
    try (DeviceBuffer from = device.allocate(COPY_BYTES);
        DeviceBuffer to = device.allocate(COPY_BYTES)) {
      random.fill(from, 1, 1, timer.stream());
      double ms = timer.queuedMilliseconds(stream -> to.copy(from, 0, COPY_BYTES, 0, stream));
      return new CopyRate("copy", 2 * COPY_BYTES, ms, terabytes(2 * COPY_BYTES, ms));
    }
  }

  static double terabytes(long bytes, double ms) {
    return bytes / ms * 1e-9;
  }
}
