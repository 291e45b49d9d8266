package io.rotatekv.kernels.cuda;

/** Products of a weight matrix with few rows, at the rate of reading the weights. */
public final class MatVecKernel implements AutoCloseable {

  /** The most rows; with more, the weights are worth a library's tiles. */
  public static final int MAX_ROWS = 4;

  private static final int THREADS = 128;

  /** Rows of the matrix that a block of threads takes. */
  private static final int BLOCK_ROWS = 8;

  private final CudaModule module;
  private final CudaKernel one;
  private final CudaKernel two;
  private final CudaKernel four;

  /** Loads the kernels. */
  public MatVecKernel(CudaDevice device) {
    module = device.module("mat_vec");
    one = module.kernel("mat_vec_1");
    two = module.kernel("mat_vec_2");
    four = module.kernel("mat_vec_4");
  }

  /**
   * Queues {@code y = x w^T + beta y}.
   *
   * @param w FP16, {@code (rows, cols)}, {@code cols} a multiple of 8
   * @param x FP16, {@code (n, cols)}
   * @param n 1 to {@link #MAX_ROWS}
   * @param y FP32, {@code (n, rows)}
   */
  public void multiply(
      long w, int rows, int cols, long x, int n, long y, float beta, CudaStream stream) {
    CudaKernel kernel = n == 1 ? one : n == 2 ? two : four;
    int blocks = Math.ceilDiv(rows, BLOCK_ROWS);
    kernel.launch(blocks, 1, 1, THREADS, stream, arguments(w, rows, cols, x, n, y, beta));
  }

  /** The struct of {@code detail/product.cuh}. */
  static KernelArguments arguments(long w, int rows, int cols, long x, int n, long y, float beta) {
    return KernelArguments.build()
        .address(w)
        .address(x)
        .address(y)
        .int32(rows)
        .int32(cols)
        .int32(n)
        .float32(beta);
  }

  @Override
  public void close() {
    module.close();
  }
}
