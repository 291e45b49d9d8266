package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;

/**
 * Attention of one new token for each of several sequences, over blocks as they came from the store
 * and over each sequence's unfilled block.
 *
 * <p>The work over stored blocks is cut in equal parts whatever the sequences' lengths, and a
 * second kernel merges the parts. Everything that changes from step to step is read from device
 * memory, so a step can be recorded in a {@link CudaGraph} once per batch size. One stream at a
 * time.
 */
public final class DecodeAttention implements AutoCloseable {

  private static final int SCHEDULE_THREADS = 256;

  private final CodecContext codec;
  private final BlockParameters parameters;
  private final int queriesPerKv;
  private final RopeAngles rope;
  private final int maxBatch;
  private final KeyTables tables;
  private final AttendKernel attend;
  private final CudaModule scheduleModule;
  private final CudaKernel schedule;
  private final FinishKernels finish;
  private final DeviceBuffer prefix; // (maxBatch + 1)
  private final DeviceBuffer partial; // (slots, columns, headDim)
  private final DeviceBuffer partialStats; // (slots, columns, 2)

  /**
   * Loads the kernels and allocates their scratch memory.
   *
   * @param codec codec, shape and calibration of the stored blocks
   * @param heads query heads, a multiple of the KV heads
   * @param rope angles for all positions there may be; to be closed after this
   * @param maxBatch most sequences of a step
   * @throws IllegalArgumentException if no kernel knows the shape
   */
  public DecodeAttention(
      CudaDevice device, CodecContext codec, int heads, RopeAngles rope, int maxBatch) {
    KvShape shape = codec.shape();
    this.codec = codec;
    this.parameters = new BlockParameters(codec);
    this.rope = rope;
    this.maxBatch = maxBatch;
    queriesPerKv = heads / shape.kvHeads();
    int computeCapability = device.computeCapability();
    attend =
        AttendKernel.load(
            device, AttendVariant.of(computeCapability, codec.spec(), shape, queriesPerKv));
    tables = new KeyTables(device, codec);
    scheduleModule = device.module("schedule");
    schedule = scheduleModule.kernel("schedule");
    finish = new FinishKernels(device, codec.spec(), shape.headDim(), queriesPerKv);
    int columns = attend.groupHeads() * queriesPerKv;
    long slots = (long) maxBatch * (shape.kvHeads() / attend.groupHeads()) + attend.workers();
    prefix = device.allocate((maxBatch + 1L) * Integer.BYTES);
    partial = device.allocate(slots * columns * shape.headDim() * Float.BYTES);
    partialStats = device.allocate(slots * columns * 2 * Float.BYTES);
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
    KvShape shape = codec.shape();
    KernelArguments arguments =
        KernelArguments.build()
            .address(blocks)
            .address(prefix.address())
            .address(tails)
            .address(tailTokens)
            .address(query)
            .address(tables.mean(layer))
            .address(tables.group(layer))
            .address(rope.angles())
            .address(rope.phases())
            .address(partial.address())
            .address(partialStats.address())
            .address(out)
            .int32(batch)
            .int32(blockStride)
            .int32(shape.kvHeads())
            .int32(queriesPerKv)
            .int32(attend.workers())
            .int32(attend.groupHeads());
    if (parameters.quantizes()) {
      parameters.scales(layer, arguments);
    } else {
      arguments.float32(1).float32(1);
    }
    parameters.sections(arguments);
    attend.launch(stream, arguments);
    finish.launch(shape.kvHeads() * queriesPerKv, batch, stream, arguments);
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
    finish.close();
    scheduleModule.close();
    tables.close();
    attend.close();
  }
}
