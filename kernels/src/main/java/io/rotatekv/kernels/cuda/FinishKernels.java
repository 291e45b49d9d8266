package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kernels that end attention at decode. They differ in how many warps share one query head's
 * work: many where there are few heads in all, few where a multiprocessor shall run many heads at a
 * time. Of large batches, a thread block takes several query heads of one KV head, which share what
 * they read.
 */
final class FinishKernels implements AutoCloseable {

  private static final int WARP_THREADS = 32;

  /** Query heads of one KV head that a thread block takes together. */
  private static final int GROUPED = 4;

  private static final int GROUPED_WARPS = 4;

  /** Warps of a thread block, and how many of these a multiprocessor runs; see the macro FINISH. */
  private record Variant(int warps, int resident) {}

  private static final List<Variant> VARIANTS =
      List.of(new Variant(8, 2), new Variant(4, 8), new Variant(2, 16));

  private final CudaModule module;
  private final List<CudaKernel> kernels;
  private final @Nullable CudaKernel grouped;
  private final int multiprocessors;

  FinishKernels(CudaDevice device, CodecSpec spec, int headDim, int queriesPerKv) {
    module = device.module("finish_attention");
    String basis = spec.family() == CodecFamily.FP16 ? "plain" : "rotated";
    kernels = VARIANTS.stream().map(variant -> kernel(basis, headDim, variant.warps, 1)).toList();
    grouped = queriesPerKv % GROUPED == 0 ? kernel(basis, headDim, GROUPED_WARPS, GROUPED) : null;
    multiprocessors = device.multiprocessors();
  }

  private CudaKernel kernel(String basis, int headDim, int warps, int queries) {
    return module.earlyKernel("finish_%s_d%d_w%d_q%d".formatted(basis, headDim, warps, queries));
  }

  /**
   * Launches the one for several queries if it keeps the device busy, else the one with the most
   * warps of which the device runs all heads at a time.
   */
  void launch(int heads, int batch, CudaStream stream, KernelArguments arguments) {
    long work = (long) heads * batch;
    if (grouped != null && work / GROUPED >= 2L * multiprocessors) {
      grouped.launch(heads / GROUPED, batch, 1, GROUPED_WARPS * WARP_THREADS, stream, arguments);
      return;
    }
    int choice = 0;
    while (choice < VARIANTS.size() - 1
        && work > (long) VARIANTS.get(choice).resident * multiprocessors) {
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
