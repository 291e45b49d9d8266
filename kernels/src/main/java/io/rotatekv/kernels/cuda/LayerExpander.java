package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.KvShape;
import org.jspecify.annotations.Nullable;

/** Expands the stored blocks of one codec. */
final class LayerExpander implements CodecPart {

  private static final int HALVES_THREADS = 128;

  private final CodecContext codec;
  private final BlockParameters parameters;
  private final RopeAngles rope;
  private final CudaModule module;
  private final CudaKernel kernel;
  private final @Nullable Quantized quantized; // null: fp16

  private record Quantized(LineTiling tiling, LineTables tables) implements AutoCloseable {
    @Override
    public void close() {
      tables.close();
    }
  }

  /**
   * Loads the kernel and copies the calibration.
   *
   * @param rope tables of the model, not closed with this
   * @throws IllegalArgumentException if the kernel does not know the shape
   */
  LayerExpander(CudaDevice device, CodecContext codec, RopeAngles rope) {
    this.codec = codec;
    this.rope = rope;
    parameters = new BlockParameters(codec);
    if (!parameters.quantizes()) {
      module = device.module("expand_halves");
      kernel = module.kernel("expand_halves");
      quantized = null;
      return;
    }
    LineTiling tiling = LineTiling.of(codec.shape());
    boolean centred = codec.spec().family().centred();
    module = device.module("expand_blocks");
    kernel =
        module
            .kernel(centred ? "expand_centred" : "expand_rotatekv")
            .sharedBytes(sharedBytes(tiling, codec));
    quantized = new Quantized(tiling, new LineTables(device, codec));
  }

  private static int sharedBytes(LineTiling tiling, CodecContext codec) {
    int staged = tiling.threads() * LineTiling.LINE * Short.BYTES;
    boolean reorders = codec.spec().family() == CodecFamily.ROTATEKV;
    return staged + tiling.exchangeBytes(codec.shape(), reorders);
  }

  /** Queues what {@link BlockExpander#expand} says, of a layer of this codec. */
  void expand(
      int layer,
      long sources,
      int blocks,
      int firstBlock,
      long keys,
      long values,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build().address(sources).address(keys).address(values);
    if (quantized == null) {
      halves(blocks, firstBlock, arguments, stream);
    } else {
      dequantize(quantized, layer, blocks, firstBlock, arguments, stream);
    }
  }

  private void dequantize(
      Quantized with,
      int layer,
      int blocks,
      int firstBlock,
      KernelArguments arguments,
      CudaStream stream) {
    KvShape shape = codec.shape();
    arguments
        .address(with.tables.mean(layer))
        .address(with.tables.rank(layer))
        .address(rope.angles())
        .address(rope.phases())
        .int32(firstBlock)
        .int32(shape.kvHeads())
        .int32(shape.headDim())
        .int32(shape.rotationHeads())
        .int32(codec.spec().bits())
        .int32(with.tiling.tileTokens());
    parameters.scales(layer, arguments);
    parameters.norms(arguments);
    parameters.sections(arguments);
    kernel.launch(with.tiling.tiles(), blocks, 1, with.tiling.threads(), stream, arguments);
  }

  private void halves(int blocks, int firstBlock, KernelArguments arguments, CudaStream stream) {
    KvShape shape = codec.shape();
    arguments
        .address(rope.angles())
        .address(rope.phases())
        .int32(shape.kvDim())
        .int32(shape.headDim())
        .int32(firstBlock * BLOCK_TOKENS);
    parameters.sections(arguments);
    kernel.launch(shape.kvHeads(), blocks, 1, HALVES_THREADS, stream, arguments);
  }

  @Override
  public void close() {
    if (quantized != null) {
      quantized.close();
    }
    module.close();
  }
}
