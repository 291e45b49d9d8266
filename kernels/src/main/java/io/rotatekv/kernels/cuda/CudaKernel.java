package io.rotatekv.kernels.cuda;

import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** An entry point of a module, with the shared memory its launches get. */
public final class CudaKernel {

  /** The PTX whose kernels wait for earlier work themselves; older ones cannot. */
  private static final int EARLY_START_PTX = 90;

  private final String entry;
  private final Handle function;
  private final int dynamicShared;
  private final @Nullable EarlyLaunch early;

  CudaKernel(String entry, Handle function, int dynamicShared, @Nullable EarlyLaunch early) {
    this.entry = entry;
    this.function = function;
    this.dynamicShared = dynamicShared;
    this.early = early;
  }

  /** As {@link CudaModule#earlyKernel} says. */
  CudaKernel startingEarly() {
    int[] ptx = new int[1];
    Driver.check(
        "cuFuncGetAttribute of " + entry,
        JCudaDriver.cuFuncGetAttribute(
            ptx, CUfunction_attribute.CU_FUNC_ATTRIBUTE_PTX_VERSION, function));
    return ptx[0] < EARLY_START_PTX
        ? this
        : new CudaKernel(entry, function, dynamicShared, EarlyLaunch.bind());
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
    return new CudaKernel(entry, function, dynamic, early);
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
    int result =
        early != null
            ? early.launch(
                function.value(), gridX, gridY, gridZ, threads, dynamicShared, stream, arguments)
            : JCudaDriver.cuLaunchKernel(
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
                null);
    Driver.check("launch of " + entry, result);
  }

  static final class Handle extends CUfunction {
    long value() {
      return getNativePointer();
    }
  }
}
