package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;

/** The kernels of {@link DecodeAttention} for the layers of one codec. */
final class LayerAttention implements CodecPart {

  /** What one layer's attention reads and writes; as {@link DecodeAttention#attend} says. */
  record Addresses(long blocks, long prefix, long tails, long tailTokens, long query, long out) {}

  /** Results of parts of the work until they are merged, {@code (slots, columns, …)}. */
  record Scratch(long partial, long partialStats) {}

  private final KvShape shape;
  private final BlockParameters parameters;
  private final int queriesPerKv;
  private final RopeAngles rope;
  private final KeyTables tables;
  private final AttendKernel attend;
  private final FinishKernels finish;

  /**
   * Loads the kernels and copies the calibration.
   *
   * @param rope not closed with this
   * @throws IllegalArgumentException if no kernel knows the shape
   */
  LayerAttention(CudaDevice device, CodecContext codec, int queriesPerKv, RopeAngles rope) {
    shape = codec.shape();
    parameters = new BlockParameters(codec);
    this.queriesPerKv = queriesPerKv;
    this.rope = rope;
    attend =
        AttendKernel.load(
            device, AttendVariant.of(device.codeCapability(), codec.spec(), shape, queriesPerKv));
    tables = new KeyTables(device, codec);
    finish = new FinishKernels(device, codec.spec(), shape.headDim(), queriesPerKv);
  }

  /** Rows of {@link Scratch} for steps of up to {@code batch} sequences. */
  long scratchRows(int batch) {
    long slots = (long) batch * (shape.kvHeads() / attend.groupHeads()) + attend.workers();
    return slots * attend.groupHeads() * queriesPerKv;
  }

  /** Queues the attention of one layer. */
  void attend(
      int layer, Addresses at, Scratch scratch, int batch, int blockStride, CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(at.blocks())
            .address(at.prefix())
            .address(at.tails())
            .address(at.tailTokens())
            .address(at.query())
            .address(tables.mean(layer))
            .address(tables.group(layer))
            .address(rope.angles())
            .address(rope.phases())
            .address(scratch.partial())
            .address(scratch.partialStats())
            .address(at.out())
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

  @Override
  public void close() {
    finish.close();
    tables.close();
    attend.close();
  }
}
