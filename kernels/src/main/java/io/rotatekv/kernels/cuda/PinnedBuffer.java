package io.rotatekv.kernels.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Memory of the host that the device copies from and to by itself, without a stop in between. */
public final class PinnedBuffer extends CudaHandle {

  private final Pointer pointer;
  private final MemorySegment segment;

  private PinnedBuffer(CudaDevice device, Pointer pointer, MemorySegment segment) {
    super(device);
    this.pointer = pointer;
    this.segment = segment;
  }

  static PinnedBuffer allocate(CudaDevice device, long bytes) {
    // JCuda wraps the memory in a ByteBuffer, which ends there.
    if (bytes <= 0 || bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a pinned buffer has 1 to %d bytes, not %d; take several"
              .formatted(Integer.MAX_VALUE, bytes));
    }
    Pointer pointer = new Pointer();
    Driver.check(
        "cuMemHostAlloc of %d bytes".formatted(bytes),
        JCudaDriver.cuMemHostAlloc(pointer, bytes, JCudaDriver.CU_MEMHOSTALLOC_PORTABLE));
    return new PinnedBuffer(
        device, pointer, MemorySegment.ofBuffer(pointer.getByteBuffer(0, bytes)));
  }

  /** The memory, valid until this is closed; its content is undefined at first. */
  public MemorySegment segment() {
    return segment;
  }

  @Override
  void destroy() {
    Driver.check("cuMemFreeHost", JCudaDriver.cuMemFreeHost(pointer));
  }
}
