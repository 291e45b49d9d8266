package io.rotatekv.kernels.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUresult;

/** What every use of JCuda's driver API needs. */
final class Driver {

  private Driver() {}

  /**
   * Turns a result of the driver into an exception.
   *
   * @throws CudaException unless {@code result} is success
   */
  static void check(String call, int result) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw new CudaException(call, result, CUresult.stringFor(result));
    }
  }

  /**
   * JCuda's pointer to native memory.
   *
   * @throws IllegalArgumentException for memory on the Java heap, which the collector may move
   *     while a copy is under way
   */
  static Pointer pointer(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException(
          "the driver copies native memory only; allocate it from an Arena or a PinnedBuffer");
    }
    return Pointer.to(segment.asByteBuffer());
  }
}
