package io.rotatekv.kernels.cuda;

/** Fills device memory with random FP16 numbers, the same for the same seed. */
public final class RandomNormal implements AutoCloseable {

  private static final int THREADS = 256;

  private final CudaModule module;
  private final CudaKernel kernel;
  private final int blocks;

  /** Loads the kernel. */
  public RandomNormal(CudaDevice device) {
    module = device.module("random_normal");
    kernel = module.kernel("random_normal");
    blocks = device.multiprocessors() * kernel.activeBlocks(THREADS, 0);
  }

  /**
   * Queues filling all of {@code buffer}, a multiple of 4 bytes, with normal numbers around 0.
   *
   * @param deviation their standard deviation
   */
  public void fill(DeviceBuffer buffer, long seed, float deviation, CudaStream stream) {
    if (buffer.bytes() % 4 != 0) {
      throw new IllegalArgumentException("numbers are made in pairs, of 4 bytes");
    }
    KernelArguments arguments =
        KernelArguments.build()
            .address(buffer.address())
            .int64(buffer.bytes() / Short.BYTES)
            .int64(seed)
            .float32(deviation);
    kernel.launch(blocks, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
