package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;

/** The encoder of {@code shaped}: the keys by {@code encode_shaped_keys.cu}, then all else. */
final class ShapedEncoder implements LayerEncoder {

  /** Threads of a line of a chunk. */
  private static final int LINE_THREADS = 32;

  /** Tokens of a thread block: of many blocks, and of so few that these take half the device. */
  private static final int MANY = 32;

  private static final int FEW = 8;

  private final EncodeParameters parameters;
  private final int chunks;
  private final int threads;
  private final int multiprocessors;
  private final LineEncoder others;
  private final CudaModule module;
  private final CudaKernel many;
  private final CudaKernel few;

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
    threads = LINE_THREADS * shape.rotationOrder() / LineTiling.LINE;
    multiprocessors = device.multiprocessors();
    others = new LineEncoder(device, parameters);
    module = device.module("encode_shaped_keys");
    many = kernel(shape, MANY);
    few = kernel(shape, FEW);
  }

  private CudaKernel kernel(KvShape shape, int tokens) {
    return module.kernel("encode_shaped_keys_t" + tokens).sharedBytes(sharedBytes(shape, tokens));
  }

  /** The {@code ChunkMemory} of the kernel. */
  private int sharedBytes(KvShape shape, int tokens) {
    int panel = FeedbackTables.PANEL;
    int heads = shape.rotationHeads();
    int order = shape.rotationOrder();
    int keys = heads == 3 ? threads * LineTiling.LINE : order * tokens;
    int weights = panel * panel + panel * (order - panel);
    return (panel * tokens + 2 * heads * tokens + weights + keys) * Float.BYTES;
  }

  @Override
  public void encode(int layer, EncodeInput input, CudaStream stream) {
    boolean fills = 2 * input.blocks() * chunks * (BLOCK_TOKENS / MANY) > multiprocessors;
    int tokens = fills ? MANY : FEW;
    int tiles = BLOCK_TOKENS / tokens;
    KernelArguments arguments = parameters.build(layer, input, tokens);
    (fills ? many : few).launch(chunks * tiles, input.blocks(), 1, threads, stream, arguments);
    others.encode(layer, input, stream);
  }

  @Override
  public void close() {
    module.close();
    others.close();
  }
}
