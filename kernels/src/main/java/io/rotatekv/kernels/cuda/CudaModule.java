package io.rotatekv.kernels.cuda;

import jcuda.driver.CUfunction;
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
    CUfunction function = new CUfunction();
    Driver.check(
        "cuModuleGetFunction of %s in %s".formatted(entry, name),
        JCudaDriver.cuModuleGetFunction(function, handle, entry));
    return new CudaKernel(entry, function, 0);
  }

  @Override
  void destroy() {
    Driver.check("cuModuleUnload", JCudaDriver.cuModuleUnload(handle));
  }
}
