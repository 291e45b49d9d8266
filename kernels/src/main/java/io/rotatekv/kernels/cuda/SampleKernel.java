package io.rotatekv.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Chooses the next token of each row: the most likely one, or one drawn with top-k and top-p. */
public final class SampleKernel implements AutoCloseable {

  /** Bytes that {@link #describe} writes per row. */
  public static final int SETTINGS_BYTES = 24;

  private static final int THREADS = 1024;

  private final CudaModule module;
  private final CudaKernel kernel;

  /** Loads the kernel. */
  public SampleKernel(CudaDevice device) {
    module = device.module("sample");
    kernel = module.earlyKernel("sample");
  }

  /**
   * Writes one row's settings as the kernel reads them, {@link #SETTINGS_BYTES} from {@code at} on.
   *
   * @param temperature 0 takes the most likely token
   * @param topK 0 keeps all
   * @param topP 1 keeps all
   */
  public static void describe(
      MemorySegment to, long at, float temperature, int topK, float topP, long seed) {
    to.set(ValueLayout.JAVA_LONG, at, seed);
    to.set(ValueLayout.JAVA_FLOAT, at + 8, temperature);
    to.set(ValueLayout.JAVA_INT, at + 12, topK);
    to.set(ValueLayout.JAVA_FLOAT, at + 16, topP);
  }

  /**
   * Queues the choice.
   *
   * @param logits FP32, {@code (rows, vocabulary)}
   * @param settings {@code (rows)} of what {@link #describe} writes
   * @param positions INT32, {@code (rows)}: the position before the one that is chosen for
   * @param tokens gets INT32 ids, {@code (rows)}
   */
  public void sample(
      long logits,
      long settings,
      long positions,
      int rows,
      int vocabulary,
      long tokens,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(logits)
            .address(settings)
            .address(positions)
            .address(tokens)
            .int32(vocabulary);
    kernel.launch(rows, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
