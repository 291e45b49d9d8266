package io.rotatekv.kernels.cuda;

/**
 * The kernel of attention over stored blocks.
 *
 * @param ctas thread blocks of a launch: as many as the device runs at a time
 * @param threads of a thread block
 * @param groupHeads KV heads of one work item
 */
record AttendKernel(CudaModule module, CudaKernel kernel, int ctas, int threads, int groupHeads)
    implements AutoCloseable {

  static AttendKernel load(CudaDevice device, AttendVariant variant) {
    CudaModule module = device.module(variant.source());
    CudaKernel kernel = module.earlyKernel(variant.entry()).sharedBytes(variant.sharedBytes());
    int perMultiprocessor = kernel.activeBlocks(variant.threads(), variant.sharedBytes());
    int ctas = device.multiprocessors() * perMultiprocessor;
    return new AttendKernel(module, kernel, ctas, variant.threads(), variant.groupHeads());
  }

  /** Into how many ranges the work is cut. */
  int workers() {
    return ctas * (threads / AttendVariant.WORKER_THREADS);
  }

  void launch(CudaStream stream, KernelArguments arguments) {
    kernel.launch(ctas, 1, 1, threads, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
