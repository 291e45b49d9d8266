package io.rotatekv.kernels.cuda;

import java.lang.foreign.Arena;
import java.util.Optional;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Finds out whether CUDA can run, from the platform up, so that nothing is loaded that cannot be.
 */
final class CudaObstacle {

  private static final int MIN_COMPUTE_CAPABILITY = 80;

  /** The images are made by CUDA 13; their PTX and cubins need a driver as new. */
  private static final int MIN_DRIVER = 13000;

  private CudaObstacle() {}

  static Optional<String> find() {
    return platform().or(CudaObstacle::driver).or(CudaObstacle::natives).or(CudaObstacle::device);
  }

  private static Optional<String> platform() {
    String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    return system.equals("Linux amd64")
        ? Optional.empty()
        : Optional.of(
            "the bindings are for Linux on x86-64 and this is %s; use such a machine."
                .formatted(system));
  }

  private static Optional<String> driver() {
    try (Arena arena = Arena.ofConfined()) {
      return NativeLibrary.open("libcuda.so.1", arena).isPresent()
          ? Optional.empty()
          : Optional.of(
              "there is no NVIDIA driver (the loader finds no libcuda.so.1); install one until"
                  + " nvidia-smi lists a GPU, or put its folder on LD_LIBRARY_PATH.");
    }
  }

  /** JCuda unpacks its native half into java.io.tmpdir when its class is initialized. */
  private static Optional<String> natives() {
    try {
      JCudaDriver.setExceptionsEnabled(false);
      return Optional.empty();
    } catch (LinkageError e) {
      return Optional.of(
          ("JCuda's native library cannot be loaded (%s); point -Djava.io.tmpdir at a folder from"
                  + " which programs may run.")
              .formatted(e));
    }
  }

  private static Optional<String> device() {
    int[] count = new int[1];
    int result = JCudaDriver.cuInit(0);
    if (result == CUresult.CUDA_SUCCESS) {
      result = JCudaDriver.cuDeviceGetCount(count);
    }
    if (result != CUresult.CUDA_SUCCESS || count[0] == 0) {
      return Optional.of(
          ("the driver shows no GPU (%s); see what nvidia-smi says and what CUDA_VISIBLE_DEVICES"
                  + " holds.")
              .formatted(CUresult.stringFor(result)));
    }
    if (CudaDevice.driverVersion() < MIN_DRIVER) {
      return Optional.of(
          ("the driver is made for CUDA %d and the kernels need CUDA %d; install driver 580 or"
                  + " newer.")
              .formatted(CudaDevice.driverVersion() / 1000, MIN_DRIVER / 1000));
    }
    CUdevice first = new CUdevice();
    Driver.check("cuDeviceGet", JCudaDriver.cuDeviceGet(first, 0));
    int capability = CudaDevice.computeCapability(first);
    return capability >= MIN_COMPUTE_CAPABILITY
        ? Optional.empty()
        : Optional.of(
            ("the GPU has compute capability %d.%d and the kernels need 8.0; use an Ampere or"
                    + " newer card.")
                .formatted(capability / 10, capability % 10));
  }
}
