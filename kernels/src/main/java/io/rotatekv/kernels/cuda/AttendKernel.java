package io.rotatekv.kernels.cuda;

/**
 * The kernel of attention over stored blocks.
 *
 * @param ctas thread blocks of a launch: as many as the device runs at a time
 * @param groupHeads KV heads of one work item
 */
record AttendKernel(CudaModule module, CudaKernel kernel, int ctas, int groupHeads)
    implements AutoCloseable {

  private static final int THREADS = 128;

  static AttendKernel load(CudaDevice device, AttendVariant variant) {
    CudaModule module = device.module(variant.source());
    CudaKernel kernel = module.kernel(variant.entry()).sharedBytes(variant.sharedBytes());
    int perMultiprocessor = kernel.activeBlocks(THREADS, variant.sharedBytes());
    int ctas = device.multiprocessors() * perMultiprocessor;
    return new AttendKernel(module, kernel, ctas, variant.groupHeads());
  }

  void launch(CudaStream stream, KernelArguments arguments) {
    kernel.launch(ctas, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
