package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;

/**
 * Attention of one new token for each of several sequences, over blocks as they came from the
 * store, each layer's of the layer's codec, and over each sequence's unfilled block.
 *
 * <p>The work over stored blocks is cut in equal parts whatever the sequences' lengths, and a
 * second kernel merges the parts. Everything that changes from step to step is read from device
 * memory, so a step can be recorded in a {@link CudaGraph} once per batch size. One stream at a
 * time.
 */
public final class DecodeAttention implements AutoCloseable {

  private static final int SCHEDULE_THREADS = 256;

  private final int maxBatch;
  private final LayerParts<LayerAttention> layers;
  private final CudaModule scheduleModule;
  private final CudaKernel schedule;
  private final DeviceBuffer prefix; // (maxBatch + 1)
  private final DeviceBuffer partial; // (scratch rows, headDim)
  private final DeviceBuffer partialStats; // (scratch rows, 2)

  /**
   * Loads the kernels and allocates their scratch memory.
   *
   * @param codec codecs, shape and calibration of the stored blocks
   * @param heads query heads, a multiple of the KV heads
   * @param rope angles for all positions there may be; to be closed after this
   * @param maxBatch most sequences of a step
   * @throws IllegalArgumentException if no kernel knows the shape
   */
  public DecodeAttention(
      CudaDevice device, CodecContext codec, int heads, RopeAngles rope, int maxBatch) {
    this.maxBatch = maxBatch;
    int queriesPerKv = heads / codec.shape().kvHeads();
    layers = new LayerParts<>(codec, only -> new LayerAttention(device, only, queriesPerKv, rope));
    scheduleModule = device.module("schedule");
    schedule = scheduleModule.earlyKernel("schedule");
    long rows = layers.all().stream().mapToLong(l -> l.scratchRows(maxBatch)).max().orElseThrow();
    prefix = device.allocate((maxBatch + 1L) * Integer.BYTES);
    partial = device.allocate(rows * codec.shape().headDim() * Float.BYTES);
    partialStats = device.allocate(rows * 2 * Float.BYTES);
  }

  /**
   * Queues what every step does before its layers.
   *
   * @param storedBlocks INT32 numbers of stored blocks, {@code (batch)}
   */
  public void schedule(long storedBlocks, int batch, CudaStream stream) {
    requireBatch(batch);
    KernelArguments arguments =
        KernelArguments.build().address(storedBlocks).address(prefix.address()).int32(batch);
    schedule.launch(1, 1, 1, SCHEDULE_THREADS, stream, arguments);
  }

  /**
   * Queues the attention of one layer.
   *
   * @param blocks INT64 device addresses of the layer's stored blocks, {@code (batch,
   *     blockStride)}; of a row only as many count as were given to {@link #schedule}
   * @param tails INT64 addresses of the layer's unfilled blocks, {@code (batch)}: FP16 keys before
   *     RoPE {@code (64, kvDim)}, then FP16 values {@code (64, kvDim)} in the model's basis
   * @param tailTokens INT32 tokens of the unfilled blocks, the new one included, {@code (batch)}
   * @param query FP32 queries after RoPE times {@code log2(e) / sqrt(headDim)}, {@code (batch,
   *     heads, headDim)}
   * @param out FP16 {@code (batch, heads, headDim)}
   */
  public void attend(
      int layer,
      long blocks,
      int blockStride,
      long tails,
      long tailTokens,
      long query,
      long out,
      int batch,
      CudaStream stream) {
    requireBatch(batch);
    layers
        .of(layer)
        .attend(
            layer,
            new LayerAttention.Addresses(blocks, prefix.address(), tails, tailTokens, query, out),
            new LayerAttention.Scratch(partial.address(), partialStats.address()),
            batch,
            blockStride,
            stream);
  }

  private void requireBatch(int batch) {
    if (batch < 1 || batch > maxBatch) {
      throw new IllegalArgumentException(
          "a step has 1 to %d sequences, not %d".formatted(maxBatch, batch));
    }
  }

  /** Frees the scratch memory and unloads the kernels. */
  @Override
  public void close() {
    partialStats.close();
    partial.close();
    prefix.close();
    scheduleModule.close();
    layers.close();
  }
}
