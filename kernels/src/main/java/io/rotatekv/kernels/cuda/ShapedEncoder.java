package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;

/** The encoder of {@code shaped}: the keys by {@code encode_shaped_keys.cu}, then all else. */
final class ShapedEncoder implements LayerEncoder {

  /** Tokens of a thread block. */
  private static final int TOKENS = 32;

  private static final int TILES = BLOCK_TOKENS / TOKENS;

  private final EncodeParameters parameters;
  private final int chunks;
  private final int threads;
  private final LineEncoder others;
  private final CudaModule module;
  private final CudaKernel kernel;

  /**
   * Loads the kernels.
   *
   * @param parameters their tables are closed with this
   * @throws IllegalArgumentException if they do not know the shape
   */
  ShapedEncoder(CudaDevice device, EncodeParameters parameters) {
    this.parameters = parameters;
    KvShape shape = parameters.codec().shape();
    chunks = shape.kvDim() / shape.rotationOrder();
    threads = TOKENS * shape.rotationOrder() / LineTiling.LINE;
    others = new LineEncoder(device, parameters);
    module = device.module("encode_shaped_keys");
    kernel = module.kernel("encode_shaped_keys").sharedBytes(sharedBytes(shape));
  }

  /** The {@code ChunkMemory} of the kernel. */
  private static int sharedBytes(KvShape shape) {
    int panel = FeedbackTables.PANEL;
    int floats = (shape.rotationOrder() + panel) * TOKENS + panel * panel;
    return (floats + 2 * shape.rotationHeads() * TOKENS) * Float.BYTES;
  }

  @Override
  public void encode(int layer, EncodeInput input, CudaStream stream) {
    KernelArguments arguments = parameters.build(layer, input, TOKENS);
    kernel.launch(chunks * TILES, input.blocks(), 1, threads, stream, arguments);
    others.encode(layer, input, stream);
  }

  @Override
  public void close() {
    module.close();
    others.close();
  }
}
