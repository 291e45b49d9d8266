package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Encodes whole blocks on the device. Their bytes are those of the scalar codec but for the
 * checksum, which is 0 until {@code Blocks.seal} writes it on the host.
 */
public final class BlockEncoder implements AutoCloseable {

  /** Two buffers of a warp: 32 lines, what decides on sinks, and the block's address. */
  private static final int STAGED_BYTES = 2 * (32 * 128 + 64 * Float.BYTES + 2 * Long.BYTES);

  private static final int WARP = 32;
  private static final int HALVES_THREADS = 128;
  private static final int COUNTERS = 5;

  private final CodecContext codec;
  private final BlockParameters parameters;
  private final DeviceBuffer losses;
  private final CudaModule module;
  private final CudaKernel kernel;
  private final @Nullable Quantizing quantizing; // null: fp16

  private record Quantizing(LineTiling tiling, LineTables tables, int concurrent)
      implements AutoCloseable {
    @Override
    public void close() {
      tables.close();
    }
  }

  /**
   * Loads the kernels and copies the calibration.
   *
   * @throws IllegalArgumentException if the kernels do not know the shape
   */
  public BlockEncoder(CudaDevice device, CodecContext codec) {
    this.codec = codec;
    parameters = new BlockParameters(codec);
    losses = device.allocate(COUNTERS * Long.BYTES);
    try (CudaStream stream = device.stream()) {
      losses.zero(stream);
      stream.synchronize();
    }
    if (!parameters.quantizes()) {
      module = device.module("encode_halves");
      kernel = module.kernel("encode_halves");
      quantizing = null;
      return;
    }
    LineTiling tiling = LineTiling.of(codec.shape());
    int shared = sharedBytes(tiling, codec);
    boolean centred = codec.spec().family() == CodecFamily.CENTRED;
    module = device.module("encode_blocks");
    kernel = module.kernel(centred ? "encode_centred" : "encode_rotatekv").sharedBytes(shared);
    int ctas = device.multiprocessors() * kernel.activeBlocks(tiling.threads(), shared);
    int concurrent = Math.max(1, ctas / tiling.tiles());
    quantizing = new Quantizing(tiling, new LineTables(device, codec), concurrent);
  }

  private static int sharedBytes(LineTiling tiling, CodecContext codec) {
    boolean reorders = codec.spec().family() == CodecFamily.ROTATEKV;
    boolean exchanges = reorders || codec.shape().rotationHeads() == 3;
    int staged = tiling.threads() / WARP * STAGED_BYTES;
    int lines = exchanges ? tiling.threads() * LineTiling.LINE * Float.BYTES : 0;
    // Rows that a tile does not have are looked up too, their result is not used.
    int groups = reorders ? 2 * tiling.threads() * 2 * Float.BYTES : 0;
    return staged + lines + groups;
  }

  /**
   * Queues the encoding of consecutive blocks of one layer.
   *
   * @param keys FP16 keys before RoPE, {@code (64 blocks, kvDim)}
   * @param values FP16 values, {@code (64 blocks, kvDim)}
   * @param maxima FP32, {@code (64 blocks)}: largest magnitude of each token's hidden state at the
   *     layer's entry; a token beyond the layer's threshold becomes a sink. 0 for no sinks
   * @param targets addresses, {@code (blocks)}: where each block goes, multiples of 16, with room
   *     for its sinks
   */
  public void encode(
      int layer, long keys, long values, long maxima, int blocks, long targets, CudaStream stream) {
    KernelArguments arguments = KernelArguments.build().address(keys).address(values);
    if (quantizing == null) {
      halves(layer, blocks, targets, arguments, stream);
    } else {
      quantize(quantizing, layer, maxima, blocks, targets, arguments, stream);
    }
  }

  private void quantize(
      Quantizing with,
      int layer,
      long maxima,
      int blocks,
      long targets,
      KernelArguments arguments,
      CudaStream stream) {
    KvShape shape = codec.shape();
    arguments
        .address(maxima)
        .address(targets)
        .address(with.tables.mean(layer))
        .address(with.tables.rank(layer))
        .address(losses.address())
        .int32(blocks)
        .int32(shape.kvHeads())
        .int32(shape.headDim())
        .int32(shape.rotationHeads())
        .int32(shape.kvDim())
        .int32(shape.kvDim())
        .int32(codec.spec().bits())
        .int32(with.tiling.tileTokens())
        .float32(codec.layers().get(layer).sinkThreshold())
        .float32(codec.spec().clip());
    parameters.scales(layer, arguments);
    parameters.norms(arguments);
    parameters.sections(arguments);
    parameters.header(layer, arguments);
    // All thread blocks take the same number of blocks, or one less.
    int turns = Math.ceilDiv(blocks, with.concurrent);
    int rows = Math.ceilDiv(blocks, turns);
    kernel.launch(with.tiling.tiles(), rows, 1, with.tiling.threads(), stream, arguments);
  }

  private void halves(
      int layer, int blocks, long targets, KernelArguments arguments, CudaStream stream) {
    int kvDim = codec.shape().kvDim();
    arguments
        .address(targets)
        .address(losses.address() + (COUNTERS - 1) * Long.BYTES)
        .int32(kvDim)
        .int32(kvDim)
        .int32(kvDim);
    parameters.sections(arguments);
    parameters.header(layer, arguments);
    kernel.launch(kvDim / LineTiling.LINE, blocks, 1, HALVES_THREADS, stream, arguments);
  }

  /**
   * What encoding has lost since this was made or last threw here; waits for the stream.
   *
   * @throws IllegalStateException if a key or value was NaN or infinite
   */
  public EncodeLosses losses(CudaStream stream) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(losses.bytes(), Long.BYTES);
      losses.download(host, 0, stream);
      stream.synchronize();
      long[] counts = host.toArray(ValueLayout.JAVA_LONG);
      if (counts[COUNTERS - 1] != 0) {
        losses.zero(stream); // The next blocks may be sound.
        throw new IllegalStateException(
            "keys or values that are NaN or infinite were encoded, which no codec can hold;"
                + " the model's state is broken");
      }
      return new EncodeLosses(counts[0], counts[1], counts[2], counts[3]);
    }
  }

  @Override
  public void close() {
    if (quantizing != null) {
      quantizing.close();
    }
    module.close();
    losses.close();
  }
}
