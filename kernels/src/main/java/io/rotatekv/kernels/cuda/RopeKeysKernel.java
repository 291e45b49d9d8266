package io.rotatekv.kernels.cuda;

/** Rotary position embedding (Su et al. 2021) of consecutive tokens' keys. */
public final class RopeKeysKernel implements AutoCloseable {

  private static final int THREADS = 128;

  private final int kvHeads;
  private final RopeAngles rope;
  private final CudaModule module;
  private final CudaKernel kernel;

  /**
   * Loads the kernel.
   *
   * @param rope tables of the model, not closed with this
   */
  public RopeKeysKernel(CudaDevice device, int kvHeads, RopeAngles rope) {
    this.kvHeads = kvHeads;
    this.rope = rope;
    module = device.module("rope_keys");
    kernel = module.kernel("rope_keys");
  }

  /**
   * Queues the rotation.
   *
   * @param keys FP16 keys before RoPE, {@code (tokens, kvHeads, headDim)}
   * @param position of the first token
   * @param out gets FP16 keys after RoPE, {@code (tokens, kvHeads, headDim)}
   */
  public void rotate(long keys, int tokens, int position, long out, CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(keys)
            .address(out)
            .address(rope.angles())
            .address(rope.phases())
            .int32(position)
            .int32(kvHeads)
            .int32(2 * rope.pairs());
    int blocks = Math.ceilDiv(kvHeads * rope.pairs(), THREADS);
    kernel.launch(blocks, tokens, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
