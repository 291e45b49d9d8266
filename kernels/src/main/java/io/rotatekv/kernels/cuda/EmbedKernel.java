package io.rotatekv.kernels.cuda;

/** Looks tokens up in the embedding. */
public final class EmbedKernel implements AutoCloseable {

  private static final int THREADS = 256;

  private final CudaModule module;
  private final CudaKernel kernel;

  /** Loads the kernel. */
  public EmbedKernel(CudaDevice device) {
    module = device.module("embed");
    kernel = module.earlyKernel("embed");
  }

  /**
   * Queues the look-up.
   *
   * @param table embedding in FP16, {@code (vocabulary, width)}
   * @param tokens INT32 ids below the vocabulary, {@code (rows)}
   * @param hidden gets FP32, {@code (rows, width)}
   */
  public void embed(long table, long tokens, int rows, int width, long hidden, CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build().address(table).address(tokens).address(hidden).int32(width);
    kernel.launch(rows, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
