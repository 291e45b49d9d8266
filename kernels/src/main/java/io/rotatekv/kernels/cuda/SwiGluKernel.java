package io.rotatekv.kernels.cuda;

/** The gated activation of LLaMA's feed-forward layer (Shazeer 2020). */
public final class SwiGluKernel implements AutoCloseable {

  private static final int THREADS = 256;

  private final CudaModule module;
  private final CudaKernel kernel;

  /** Loads the kernel. */
  public SwiGluKernel(CudaDevice device) {
    module = device.module("swiglu");
    kernel = module.earlyKernel("swiglu");
  }

  /**
   * Queues {@code out = silu(gate) * up}.
   *
   * @param gateUp FP32, {@code (rows, 2 * width)}: a row's gate, then its other half
   * @param out gets FP16, saturated, {@code (rows, width)}
   */
  public void apply(long gateUp, int rows, int width, long out, CudaStream stream) {
    KernelArguments arguments = KernelArguments.build().address(gateUp).address(out).int32(width);
    kernel.launch(Math.ceilDiv(width, THREADS), rows, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
