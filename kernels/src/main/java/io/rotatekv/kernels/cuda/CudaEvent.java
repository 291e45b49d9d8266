package io.rotatekv.kernels.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** A point in a stream's work, with the time at which the device came to it. */
public final class CudaEvent extends CudaHandle {

  private final CUevent handle;

  private CudaEvent(CudaDevice device, CUevent handle) {
    super(device);
    this.handle = handle;
  }

  static CudaEvent create(CudaDevice device) {
    CUevent handle = new CUevent();
    Driver.check(
        "cuEventCreate", JCudaDriver.cuEventCreate(handle, CUevent_flags.CU_EVENT_DEFAULT));
    return new CudaEvent(device, handle);
  }

  CUevent handle() {
    return handle;
  }

  /**
   * Marks the point after what {@code stream} holds now.
   *
   * @throws CudaException if the driver refuses
   */
  public void record(CudaStream stream) {
    Driver.check("cuEventRecord", JCudaDriver.cuEventRecord(handle, stream.handle()));
  }

  /**
   * Waits until the device has come to this point.
   *
   * @throws CudaException if the work before it failed
   */
  public void synchronize() {
    Driver.check("cuEventSynchronize", JCudaDriver.cuEventSynchronize(handle));
  }

  /**
   * Whether the device has come to this point; true where it was never recorded.
   *
   * @throws CudaException if the work before it failed
   */
  public boolean done() {
    int result = JCudaDriver.cuEventQuery(handle);
    if (result == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    Driver.check("cuEventQuery", result);
    return true;
  }

  /**
   * Milliseconds on the device from one point to a later one, to about half a microsecond.
   *
   * @throws CudaException if either has not been reached yet
   */
  public static float milliseconds(CudaEvent from, CudaEvent to) {
    float[] milliseconds = new float[1];
    Driver.check(
        "cuEventElapsedTime", JCudaDriver.cuEventElapsedTime(milliseconds, from.handle, to.handle));
    return milliseconds[0];
  }

  @Override
  void destroy() {
    Driver.check("cuEventDestroy", JCudaDriver.cuEventDestroy(handle));
  }
}
