package io.rotatekv.kernels.cuda;

/** Root-mean-square layer normalization (Zhang and Sennrich 2019). */
public final class RmsNormKernel implements AutoCloseable {

  private static final int THREADS = 512;

  private final CudaModule module;
  private final CudaKernel kernel;

  /** Loads the kernel. */
  public RmsNormKernel(CudaDevice device) {
    module = device.module("rms_norm");
    kernel = module.earlyKernel("rms_norm");
  }

  /**
   * Queues the normalization of rows.
   *
   * @param x FP32, {@code (rows, width)}
   * @param weight FP32, {@code (width)}
   * @param out gets FP16, {@code (rows, width)}
   * @param largest gets the largest magnitude of each row of {@code x}, FP32, {@code (rows)}; 0 for
   *     nowhere
   */
  public void normalize(
      long x,
      long weight,
      int rows,
      int width,
      float epsilon,
      long out,
      long largest,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(x)
            .address(weight)
            .address(out)
            .address(largest)
            .int32(width)
            .float32(epsilon);
    kernel.launch(rows, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
