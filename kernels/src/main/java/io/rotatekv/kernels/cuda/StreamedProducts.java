package io.rotatekv.kernels.cuda;

import java.util.List;
import java.util.Optional;

/**
 * A decode step's products for few sequences on Hopper, at the rate of reading the weights: each in
 * one launch with what comes before and after it, and with the first weights on their way before
 * the launch ahead has ended.
 */
public final class StreamedProducts implements AutoCloseable {

  // As few_rows_sm90.cu has them.
  private static final int THREADS = 512;
  private static final int RING_BYTES = 131456;
  private static final int COLUMN_UNIT = 8;

  /** What a thread block can have on Hopper. */
  private static final int SHARED_BYTES = 227 << 10;

  /** Rows of activations that there are variants for. */
  private static final List<Integer> VARIANTS = List.of(1, 2, 4);

  private final CudaModule module;
  private final int blocks;
  private final int sharedBytes;
  private final List<Integer> variants;
  private final List<CudaKernel> product;
  private final List<CudaKernel> gateUp;
  private final List<CudaKernel> project;

  private StreamedProducts(CudaDevice device, int columns, List<Integer> variants) {
    this.variants = variants;
    blocks = device.multiprocessors();
    sharedBytes = sharedBytes(columns, variants.getLast());
    module = device.module("few_rows_sm90");
    product = kernels("product");
    gateUp = kernels("gate_up");
    project = kernels("project");
  }

  /**
   * Loads the kernels; empty where they cannot serve: on other cards, or for rows that do not fit a
   * multiprocessor's shared memory.
   *
   * @param columns the most columns of a matrix; all have multiples of 8
   */
  public static Optional<StreamedProducts> open(CudaDevice device, int columns) {
    List<Integer> variants =
        VARIANTS.stream().filter(rows -> sharedBytes(columns, rows) <= SHARED_BYTES).toList();
    return device.hasMachineCode() && !variants.isEmpty() && columns % COLUMN_UNIT == 0
        ? Optional.of(new StreamedProducts(device, columns, variants))
        : Optional.empty();
  }

  private static int sharedBytes(int columns, int rows) {
    return RING_BYTES + columns * rows * Short.BYTES;
  }

  private List<CudaKernel> kernels(String name) {
    return variants.stream()
        .map(rows -> module.earlyKernel("%s_%d_sm90".formatted(name, rows)))
        .map(kernel -> kernel.sharedBytes(sharedBytes))
        .toList();
  }

  /** The most rows of activations. */
  public int maxRows() {
    return variants.getLast();
  }

  /**
   * Queues {@code y = x w^T + beta y}.
   *
   * @param w FP16, {@code (rows, cols)}, {@code rows} even
   * @param x FP16, {@code (n, cols)}
   * @param y FP32, {@code (n, rows)}
   */
  public void product(
      long w, int rows, int cols, long x, int n, long y, float beta, CudaStream stream) {
    launch(product, n, MatVecKernel.arguments(w, rows, cols, x, n, y, beta), stream);
  }

  /**
   * Queues the first half of LLaMA's feed-forward layer: {@code out = silu(gate) * up} (Shazeer
   * 2020) of the normalized {@code hidden}.
   *
   * @param w FP16, {@code (2 width, cols)}, the gate's rows first
   * @param hidden FP32, {@code (n, cols)}
   * @param norm FP32 weights of the root-mean-square norm, {@code (cols)}
   * @param out gets FP16, saturated, {@code (n, width)}
   */
  public void gateUp(
      long w,
      long hidden,
      long norm,
      int width,
      int cols,
      int n,
      float epsilon,
      long out,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(w)
            .address(hidden)
            .address(norm)
            .address(out)
            .int32(width)
            .int32(cols)
            .int32(n)
            .float32(epsilon);
    launch(gateUp, n, arguments, stream);
  }

  /**
   * Queues the way of new tokens from the residual stream to attention: norm, projection and its
   * epilogue.
   *
   * @param w FP16, {@code ((heads + 2 kvHeads) headDim, cols)}
   * @param hidden FP32, {@code (tokens.rows(), cols)}
   * @param norm FP32 weights of the root-mean-square norm, {@code (cols)}
   * @param epilogue of the model's heads
   */
  public void project(
      long w,
      long hidden,
      long norm,
      int cols,
      float epsilon,
      QkvKernel epilogue,
      QkvKernel.NewTokens tokens,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(w)
            .address(hidden)
            .address(norm)
            .int32(cols)
            .int32(tokens.rows())
            .float32(epsilon);
    epilogue.describe(arguments, 0, 0, tokens);
    launch(project, tokens.rows(), arguments, stream);
  }

  private void launch(
      List<CudaKernel> kernels, int n, KernelArguments arguments, CudaStream stream) {
    int variant = 0;
    while (variants.get(variant) < n) {
      variant++;
    }
    kernels.get(variant).launch(blocks, 1, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
