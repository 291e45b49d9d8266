package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.List;

/**
 * The kernels that end attention at decode. They differ in how many warps share one query head's
 * work: many where there are few heads in all, few where a multiprocessor shall run many heads at a
 * time.
 */
final class FinishKernels implements AutoCloseable {

  private static final int WARP_THREADS = 32;

  /** Warps of a thread block, and how many of these a multiprocessor runs; see the macro FINISH. */
  private record Variant(int warps, int resident) {}

  private static final List<Variant> VARIANTS =
      List.of(new Variant(8, 2), new Variant(4, 8), new Variant(2, 16));

  private final CudaModule module;
  private final List<CudaKernel> kernels;
  private final int multiprocessors;

  FinishKernels(CudaDevice device, CodecSpec spec, int headDim) {
    module = device.module("finish_attention");
    String basis = spec.family() == CodecFamily.FP16 ? "plain" : "rotated";
    kernels =
        VARIANTS.stream()
            .map(variant ->
                module.kernel("finish_%s_d%d_w%d".formatted(basis, headDim, variant.warps)))
            .toList();
    multiprocessors = device.multiprocessors();
  }

  /** Launches the one with the most warps of which the device runs all heads at a time. */
  void launch(int heads, int batch, CudaStream stream, KernelArguments arguments) {
    int choice = 0;
    while (choice < VARIANTS.size() - 1
        && (long) heads * batch > (long) VARIANTS.get(choice).resident * multiprocessors) {
      choice++;
    }
    int threads = VARIANTS.get(choice).warps * WARP_THREADS;
    kernels.get(choice).launch(heads, batch, 1, threads, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
