package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;

/**
 * Expands stored blocks for {@link PrefillAttention}, each layer's by the layer's codec: keys after
 * RoPE and values, both FP16 in the model's basis.
 */
public final class BlockExpander implements AutoCloseable {

  private final LayerParts<LayerExpander> expanders;

  /**
   * Loads the kernels and copies the calibration.
   *
   * @param rope tables of the model, not closed with this
   * @throws IllegalArgumentException if the kernels do not know the shape
   */
  public BlockExpander(CudaDevice device, CodecContext codec, RopeAngles rope) {
    expanders = new LayerParts<>(codec, only -> new LayerExpander(device, only, rope));
  }

  /**
   * Queues the expansion of consecutive blocks of one layer.
   *
   * @param sources addresses, {@code (blocks)}: where each block lies, multiples of 16
   * @param firstBlock position of the first token, in blocks
   * @param keys gets FP16 keys after RoPE, {@code (64 blocks, kvDim)}
   * @param values gets FP16 values, {@code (64 blocks, kvDim)}
   */
  public void expand(
      int layer,
      long sources,
      int blocks,
      int firstBlock,
      long keys,
      long values,
      CudaStream stream) {
    expanders.of(layer).expand(layer, sources, blocks, firstBlock, keys, values, stream);
  }

  @Override
  public void close() {
    expanders.close();
  }
}
