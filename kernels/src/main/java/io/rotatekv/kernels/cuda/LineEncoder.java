package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;

/**
 * The encoder of codecs whose channels are rounded each for itself, {@code encode_blocks.cu}: of
 * {@code rotatekv} and {@code centred} all, of {@code shaped} all but the keys.
 */
final class LineEncoder implements LayerEncoder {

  /** Two buffers of a warp: 32 lines, what decides on sinks, and the block's address. */
  private static final int STAGED_BYTES = 2 * (32 * 128 + 64 * Float.BYTES + 2 * Long.BYTES);

  private static final int WARP = 32;

  private final EncodeParameters parameters;
  private final LineTiling tiling;
  private final int tiles; // of a block
  private final int concurrent; // blocks
  private final CudaModule module;
  private final CudaKernel kernel;

  /**
   * Loads the kernel.
   *
   * @param parameters their tables are closed with this
   * @throws IllegalArgumentException if it does not know the shape
   */
  LineEncoder(CudaDevice device, EncodeParameters parameters) {
    this.parameters = parameters;
    CodecContext codec = parameters.codec();
    tiling = LineTiling.of(codec.shape());
    tiles = codec.spec().family() == CodecFamily.SHAPED ? tiling.valueTiles() : tiling.tiles();
    int shared = sharedBytes(tiling, codec);
    module = device.module("encode_blocks");
    kernel = module.kernel(entry(codec.spec().family())).sharedBytes(shared);
    int ctas = device.multiprocessors() * kernel.activeBlocks(tiling.threads(), shared);
    concurrent = Math.max(1, ctas / tiles);
  }

  private static String entry(CodecFamily family) {
    return switch (family) {
      case FP16 -> throw new IllegalArgumentException("codec fp16 has an encoder of its own");
      case ROTATEKV -> "encode_rotatekv";
      case CENTRED -> "encode_centred";
      case SHAPED -> "encode_shaped_values";
    };
  }

  private static int sharedBytes(LineTiling tiling, CodecContext codec) {
    CodecFamily family = codec.spec().family();
    int staged = tiling.threads() / WARP * STAGED_BYTES;
    boolean keys = family != CodecFamily.SHAPED; // values are rotated by head
    return staged
        + (keys ? tiling.exchangeBytes(codec.shape(), family == CodecFamily.ROTATEKV) : 0);
  }

  @Override
  public void encode(int layer, EncodeInput input, CudaStream stream) {
    // All thread blocks take the same number of blocks, or one less.
    int turns = Math.ceilDiv(input.blocks(), concurrent);
    int rows = Math.ceilDiv(input.blocks(), turns);
    KernelArguments arguments = parameters.build(layer, input, tiling.tileTokens());
    kernel.launch(tiles, rows, 1, tiling.threads(), stream, arguments);
  }

  @Override
  public void close() {
    parameters.tables().close();
    module.close();
  }
}
