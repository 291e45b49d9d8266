package io.rotatekv.kernels.cuda;

import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** The kernels of one compiled source, loaded on the device. */
public final class CudaModule extends CudaHandle {

  private final String name;
  private final CUmodule handle;

  private CudaModule(CudaDevice device, String name, CUmodule handle) {
    super(device);
    this.name = name;
    this.handle = handle;
  }

  static CudaModule load(CudaDevice device, String name, byte[] image) {
    CUmodule handle = new CUmodule();
    Driver.check("cuModuleLoadData of " + name, JCudaDriver.cuModuleLoadData(handle, image));
    return new CudaModule(device, name, handle);
  }

  /**
   * The kernel with the entry point {@code entry}, which takes one struct; valid until this module
   * is closed.
   *
   * @throws CudaException if there is no such entry point
   */
  public CudaKernel kernel(String entry) {
    CudaKernel.Handle function = new CudaKernel.Handle();
    Driver.check(
        "cuModuleGetFunction of %s in %s".formatted(entry, name),
        JCudaDriver.cuModuleGetFunction(function, handle, entry));
    return new CudaKernel(entry, function, 0, null);
  }

  /**
   * A kernel that may take its places on the device before what precedes it in the stream has
   * ended; it must itself wait ({@code early_start.cuh}) before it reads or writes what that may
   * touch. Where the driver compiled it from PTX for older cards, it starts like any other.
   *
   * @throws CudaException if there is no such entry point
   */
  CudaKernel earlyKernel(String entry) {
    return kernel(entry).startingEarly();
  }

  @Override
  void destroy() {
    Driver.check("cuModuleUnload", JCudaDriver.cuModuleUnload(handle));
  }
}
