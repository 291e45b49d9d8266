package io.rotatekv.kernels.cuda;

/**
 * What follows the fused projection of queries, keys and values: bias, RoPE and scaling of the
 * queries, keys before RoPE and values in FP16 where they belong.
 */
public final class QkvKernel implements AutoCloseable {

  private static final int THREADS = 128;

  private final int heads;
  private final int kvHeads;
  private final RopeAngles rope;
  private final CudaModule module;
  private final CudaKernel decode;
  private final CudaKernel prefill;

  /**
   * Loads the kernels.
   *
   * @param rope tables of the model, not closed with this
   */
  public QkvKernel(CudaDevice device, int heads, int kvHeads, RopeAngles rope) {
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.rope = rope;
    module = device.module("qkv");
    decode = module.earlyKernel("qkv_decode");
    prefill = module.kernel("qkv_prefill");
  }

  /**
   * One new token of each of several sequences.
   *
   * @param bias FP32, one per row of the projection; 0 for none
   * @param positions INT32, {@code (rows)}
   * @param tails addresses, {@code (rows)}: each a sequence's unfilled block of this layer, FP16
   *     keys {@code (64, kvDim)}, then values; this token's row is written
   * @param maxima addresses, {@code (rows)}: each FP32 {@code (layers, 64)} of a sequence, which
   *     keeps the largest magnitude of the hidden states that entered the layer
   * @param query gets FP32, {@code (rows, heads, headDim)}, times log2(e) / sqrt(headDim)
   */
  public record NewTokens(
      int rows, int layer, long bias, long positions, long tails, long maxima, long query) {}

  /**
   * Queues the epilogue for new tokens.
   *
   * @param qkv FP32, {@code (rows, (heads + 2 kvHeads) headDim)}
   * @param largest FP32, {@code (rows)}, kept with the token
   */
  public void decode(long qkv, long largest, NewTokens tokens, CudaStream stream) {
    KernelArguments arguments = KernelArguments.build();
    describe(arguments, qkv, largest, tokens);
    launch(decode, tokens.rows(), arguments, stream);
  }

  /** Adds the epilogue's struct to {@code arguments}; 0 for what a fused kernel makes itself. */
  void describe(KernelArguments arguments, long qkv, long largest, NewTokens tokens) {
    inputs(arguments, qkv, tokens.bias(), tokens.positions())
        .address(largest)
        .address(tokens.tails())
        .address(tokens.maxima())
        .address(0)
        .address(0);
    shape(arguments.address(tokens.query()), tokens.layer());
  }

  /**
   * Queues the epilogue for consecutive tokens of one sequence.
   *
   * @param qkv FP32, {@code (rows, (heads + 2 kvHeads) headDim)}
   * @param bias FP32, one per column of {@code qkv}; 0 for none
   * @param positions INT32, {@code (rows)}
   * @param keys gets FP16 keys before RoPE, {@code (rows, kvDim)}
   * @param values gets FP16 values, {@code (rows, kvDim)}
   * @param query gets FP16, {@code (rows, heads, headDim)}
   */
  public void prefill(
      long qkv,
      long bias,
      long positions,
      int rows,
      long keys,
      long values,
      long query,
      CudaStream stream) {
    KernelArguments arguments = KernelArguments.build();
    inputs(arguments, qkv, bias, positions)
        .address(0)
        .address(0)
        .address(0)
        .address(keys)
        .address(values)
        .address(query);
    shape(arguments, 0);
    launch(prefill, rows, arguments, stream);
  }

  private KernelArguments inputs(KernelArguments arguments, long qkv, long bias, long positions) {
    return arguments
        .address(qkv)
        .address(bias)
        .address(positions)
        .address(rope.angles())
        .address(rope.phases());
  }

  private void shape(KernelArguments arguments, int layer) {
    int headDim = 2 * rope.pairs();
    // Softmax is in base 2.
    float scale = (float) (1 / (Math.log(2) * Math.sqrt(headDim)));
    arguments.int32(heads).int32(kvHeads).int32(headDim).int32(layer).float32(scale);
  }

  private void launch(CudaKernel kernel, int rows, KernelArguments arguments, CudaStream stream) {
    int blocks = Math.ceilDiv((heads + 2 * kvHeads) * rope.pairs(), THREADS);
    kernel.launch(blocks, rows, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
