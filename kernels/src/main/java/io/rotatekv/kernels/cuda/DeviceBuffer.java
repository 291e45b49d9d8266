package io.rotatekv.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

/** Memory of the device. */
public final class DeviceBuffer extends CudaHandle {

  /** The most bytes one call copies: what a byte buffer can span, cut to a whole page. */
  private static final long COPY_BYTES = 1L << 30;

  private final Address pointer;
  private final long bytes;

  private DeviceBuffer(CudaDevice device, Address pointer, long bytes) {
    super(device);
    this.pointer = pointer;
    this.bytes = bytes;
  }

  static DeviceBuffer allocate(CudaDevice device, long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("a device buffer needs at least 1 byte, not " + bytes);
    }
    Address pointer = new Address();
    Driver.check("cuMemAlloc of %d bytes".formatted(bytes), JCudaDriver.cuMemAlloc(pointer, bytes));
    return new DeviceBuffer(device, pointer, bytes);
  }

  /** Where it lies in the device's memory; a multiple of 256. */
  public long address() {
    return pointer.value();
  }

  /** Its size in bytes. */
  public long bytes() {
    return bytes;
  }

  /**
   * Queues a copy of all of {@code from}, native memory, to byte {@code at} of this buffer.
   *
   * <p>From pinned memory the copy runs behind the caller, who must leave {@code from} as it is
   * until the stream has come past it; other memory has been read when this returns.
   *
   * @throws CudaException if the driver refuses
   */
  public void upload(MemorySegment from, long at, CudaStream stream) {
    Objects.checkFromIndexSize(at, from.byteSize(), bytes);
    for (long done = 0; done < from.byteSize(); done += COPY_BYTES) {
      long size = Math.min(COPY_BYTES, from.byteSize() - done);
      Driver.check(
          "cuMemcpyHtoDAsync",
          JCudaDriver.cuMemcpyHtoDAsync(
              pointer.withByteOffset(at + done),
              Driver.pointer(from.asSlice(done, size)),
              size,
              stream.handle()));
    }
  }

  /**
   * Queues a copy from byte {@code at} of this buffer to all of {@code to}, native memory.
   *
   * <p>Into pinned memory the copy runs behind the caller; other memory is filled when this
   * returns.
   *
   * @throws CudaException if the driver refuses
   */
  public void download(MemorySegment to, long at, CudaStream stream) {
    Objects.checkFromIndexSize(at, to.byteSize(), bytes);
    for (long done = 0; done < to.byteSize(); done += COPY_BYTES) {
      long size = Math.min(COPY_BYTES, to.byteSize() - done);
      Driver.check(
          "cuMemcpyDtoHAsync",
          JCudaDriver.cuMemcpyDtoHAsync(
              Driver.pointer(to.asSlice(done, size)),
              pointer.withByteOffset(at + done),
              size,
              stream.handle()));
    }
  }

  /**
   * Queues a copy of {@code size} bytes of {@code from}, starting at {@code fromAt}, to byte {@code
   * at} of this buffer.
   *
   * @throws CudaException if the driver refuses
   */
  public void copy(DeviceBuffer from, long fromAt, long size, long at, CudaStream stream) {
    Objects.checkFromIndexSize(fromAt, size, from.bytes);
    Objects.checkFromIndexSize(at, size, bytes);
    Driver.check(
        "cuMemcpyDtoDAsync",
        JCudaDriver.cuMemcpyDtoDAsync(
            pointer.withByteOffset(at),
            from.pointer.withByteOffset(fromAt),
            size,
            stream.handle()));
  }

  /**
   * Queues writing zeros over all of it.
   *
   * @throws CudaException if the driver refuses
   */
  public void zero(CudaStream stream) {
    Driver.check(
        "cuMemsetD8Async", JCudaDriver.cuMemsetD8Async(pointer, (byte) 0, bytes, stream.handle()));
  }

  @Override
  void destroy() {
    Driver.check("cuMemFree", JCudaDriver.cuMemFree(pointer));
  }

  /** JCuda keeps the address to itself; kernels take it as a number. */
  private static final class Address extends CUdeviceptr {
    long value() {
      return getNativePointer() + getByteOffset();
    }
  }
}
