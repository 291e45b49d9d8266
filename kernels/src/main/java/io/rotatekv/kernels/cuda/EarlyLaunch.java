package io.rotatekv.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * Launches that need not wait for what precedes them in the stream: programmatic dependent launch,
 * which JCuda does not know. The driver's {@code cuLaunchKernelEx}, bound by the foreign-function
 * API.
 */
final class EarlyLaunch {

  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  // CUlaunchConfig and CUlaunchAttribute of cuda.h.
  private static final long CONFIG_BYTES = 56;
  private static final long CONFIG_STREAM = 32;
  private static final long CONFIG_ATTRIBUTES = 40;
  private static final long CONFIG_ATTRIBUTE_COUNT = 48;
  private static final long ATTRIBUTE_BYTES = 72;
  private static final long ATTRIBUTE_VALUE = 8;

  private final MethodHandle launch;

  private EarlyLaunch(MethodHandle launch) {
    this.launch = launch;
  }

  /**
   * Binds the driver's function.
   *
   * @throws IllegalStateException if the driver, which has already been used, is not found
   */
  static EarlyLaunch bind() {
    SymbolLookup driver =
        NativeLibrary.open("libcuda.so.1", Arena.global())
            .orElseThrow(() -> new IllegalStateException("libcuda.so.1 cannot be loaded again"));
    return new EarlyLaunch(
        NativeLibrary.function(
            driver,
            "cuLaunchKernelEx",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS)));
  }

  /**
   * Queues a launch as {@link CudaKernel#launch} does.
   *
   * @param function handle of the kernel
   * @param sharedBytes dynamic shared memory of a thread block
   * @return the driver's result
   */
  int launch(
      long function,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      CudaStream stream,
      KernelArguments arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, Long.BYTES);
      attribute.set(JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
      attribute.set(JAVA_INT, ATTRIBUTE_VALUE, 1);
      MemorySegment config = arena.allocate(CONFIG_BYTES, Long.BYTES);
      int[] sizes = {gridX, gridY, gridZ, threads, 1, 1, sharedBytes};
      MemorySegment.copy(sizes, 0, config, JAVA_INT, 0, sizes.length);
      config.set(JAVA_LONG, CONFIG_STREAM, stream.address());
      config.set(ADDRESS, CONFIG_ATTRIBUTES, attribute);
      config.set(JAVA_INT, CONFIG_ATTRIBUTE_COUNT, 1);
      byte[] struct = arguments.bytes();
      MemorySegment parameter = arena.allocate(struct.length, Long.BYTES);
      MemorySegment.copy(struct, 0, parameter, JAVA_BYTE, 0, struct.length);
      MemorySegment parameters = arena.allocateFrom(ADDRESS, parameter);
      return (int) launch.invokeExact(config, function, parameters, MemorySegment.NULL);
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(e);
    }
  }
}
