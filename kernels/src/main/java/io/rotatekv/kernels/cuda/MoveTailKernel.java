package io.rotatekv.kernels.cuda;

/** Moves the tokens of a sequence's unfilled block to one with room for more. */
public final class MoveTailKernel implements AutoCloseable {

  private static final int THREADS = 128;
  private static final int PIECE_BYTES = 16;

  private final CudaModule module;
  private final CudaKernel kernel;

  /** Loads the kernel. */
  public MoveTailKernel(CudaDevice device) {
    module = device.module("move_tail");
    kernel = module.kernel("move_tail");
  }

  /**
   * Queues the move. With room for {@code c} tokens, {@code 64 / c} layers share a frame of 128
   * rows: their keys fill its first half, their values its second.
   *
   * @param from the block with room for {@code fromCapacity} tokens
   * @param to the block with room for {@code toCapacity} tokens
   * @param tokens how many there are, at least 1
   * @param rowBytes bytes of a token's key, and of its value, in one layer; a multiple of 16
   */
  public void move(
      long from,
      int fromCapacity,
      long to,
      int toCapacity,
      int layers,
      int tokens,
      long rowBytes,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(from)
            .address(to)
            .int32(fromCapacity)
            .int32(toCapacity)
            .int32((int) (rowBytes / PIECE_BYTES));
    kernel.launch(tokens, layers, 2, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
