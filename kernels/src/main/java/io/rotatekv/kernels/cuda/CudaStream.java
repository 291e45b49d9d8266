package io.rotatekv.kernels.cuda;

import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** A queue of work for the device, done in order and independent of every other stream's. */
public final class CudaStream extends CudaHandle {

  private final Handle handle;

  private CudaStream(CudaDevice device, Handle handle) {
    super(device);
    this.handle = handle;
  }

  static CudaStream create(CudaDevice device) {
    Handle handle = new Handle();
    Driver.check(
        "cuStreamCreate",
        JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return new CudaStream(device, handle);
  }

  CUstream handle() {
    return handle;
  }

  /** The handle as cuBLAS takes it. */
  long address() {
    return handle.value();
  }

  /**
   * Waits until all that was queued is done.
   *
   * @throws CudaException if some of it failed
   */
  public void synchronize() {
    Driver.check("cuStreamSynchronize", JCudaDriver.cuStreamSynchronize(handle));
  }

  /**
   * Lets what is queued from now on start only once {@code event} has happened; does not wait.
   *
   * @throws CudaException if the driver refuses
   */
  public void waitFor(CudaEvent event) {
    Driver.check("cuStreamWaitEvent", JCudaDriver.cuStreamWaitEvent(handle, event.handle(), 0));
  }

  @Override
  void destroy() {
    Driver.check("cuStreamDestroy", JCudaDriver.cuStreamDestroy(handle));
  }

  private static final class Handle extends CUstream {
    long value() {
      return getNativePointer();
    }
  }
}
