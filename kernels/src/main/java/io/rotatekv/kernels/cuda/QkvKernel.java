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
    decode = module.kernel("qkv_decode");
    prefill = module.kernel("qkv_prefill");
  }

  /**
   * Queues the epilogue for one new token of each of several sequences.
   *
   * @param qkv FP32, {@code (rows, (heads + 2 kvHeads) headDim)}
   * @param bias FP32, one per column of {@code qkv}; 0 for none
   * @param positions INT32, {@code (rows)}
   * @param largest FP32, {@code (rows)}, kept with the token for {@code maxima}
   * @param tails addresses, {@code (rows)}: each a sequence's unfilled block of this layer, FP16
   *     keys {@code (64, kvDim)}, then values; this token's row is written
   * @param maxima addresses, {@code (rows)}: each FP32 {@code (layers, 64)} of a sequence
   * @param query gets FP32, {@code (rows, heads, headDim)}, times log2(e) / sqrt(headDim)
   */
  public void decode(
      long qkv,
      long bias,
      long positions,
      int rows,
      long largest,
      long tails,
      long maxima,
      int layer,
      long query,
      CudaStream stream) {
    KernelArguments arguments =
        inputs(qkv, bias, positions)
            .address(largest)
            .address(tails)
            .address(maxima)
            .address(0)
            .address(0);
    launch(decode, rows, arguments.address(query), layer, stream);
  }

  /**
   * Queues the epilogue for consecutive tokens of one sequence; the parameters are those of {@link
   * #decode} but for these.
   *
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
    KernelArguments arguments =
        inputs(qkv, bias, positions).address(0).address(0).address(0).address(keys).address(values);
    launch(prefill, rows, arguments.address(query), 0, stream);
  }

  private KernelArguments inputs(long qkv, long bias, long positions) {
    return KernelArguments.build()
        .address(qkv)
        .address(bias)
        .address(positions)
        .address(rope.angles())
        .address(rope.phases());
  }

  private void launch(
      CudaKernel kernel, int rows, KernelArguments arguments, int layer, CudaStream stream) {
    int headDim = 2 * rope.pairs();
    // Softmax is in base 2.
    float scale = (float) (1 / (Math.log(2) * Math.sqrt(headDim)));
    arguments.int32(heads).int32(kvHeads).int32(headDim).int32(layer).float32(scale);
    int blocks = Math.ceilDiv((heads + 2 * kvHeads) * rope.pairs(), THREADS);
    kernel.launch(blocks, rows, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
