package io.rotatekv.kernels.cuda;

import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** An entry point of a module, with the shared memory its launches get. */
public final class CudaKernel {

  private final String entry;
  private final CUfunction function;
  private final int dynamicShared;

  CudaKernel(String entry, CUfunction function, int dynamicShared) {
    this.entry = entry;
    this.function = function;
    this.dynamicShared = dynamicShared;
  }

  /**
   * This kernel with {@code dynamic} bytes of dynamic shared memory at each launch, also past the
   * 48 KiB that need no asking.
   *
   * @throws CudaException if the device has less
   */
  public CudaKernel sharedBytes(int dynamic) {
    Driver.check(
        "cuFuncSetAttribute of %s to %d bytes of shared memory".formatted(entry, dynamic),
        JCudaDriver.cuFuncSetAttribute(
            function,
            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            dynamic));
    return new CudaKernel(entry, function, dynamic);
  }

  /**
   * How many blocks of {@code threads} threads with {@code dynamicShared} bytes of dynamic shared
   * memory one multiprocessor runs at a time.
   *
   * @throws CudaException if the driver refuses
   */
  public int activeBlocks(int threads, int dynamicShared) {
    int[] blocks = new int[1];
    Driver.check(
        "cuOccupancyMaxActiveBlocksPerMultiprocessor of " + entry,
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            blocks, function, threads, dynamicShared));
    return blocks[0];
  }

  /**
   * Queues a launch of (gridX, gridY, gridZ) blocks of {@code threads} threads with {@code
   * arguments} as the one parameter, which is read before this returns.
   *
   * @throws CudaException if the driver refuses
   */
  public void launch(
      int gridX, int gridY, int gridZ, int threads, CudaStream stream, KernelArguments arguments) {
    Driver.check(
        "cuLaunchKernel of " + entry,
        JCudaDriver.cuLaunchKernel(
            function,
            gridX,
            gridY,
            gridZ,
            threads,
            1,
            1,
            dynamicShared,
            stream.handle(),
            Pointer.to(Pointer.to(arguments.bytes())),
            null));
  }
}
