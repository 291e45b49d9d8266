package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import java.util.List;

/**
 * Encodes whole blocks on the device, each layer's with the layer's codec. Their bytes are those of
 * the scalar codec but for the checksum, which is 0 until {@code Blocks.seal} writes it on the
 * host.
 */
public final class BlockEncoder implements AutoCloseable {

  private final EncodeCounts counts;
  private final FeedbackTables feedback;
  private final LayerParts<LayerEncoder> encoders;

  /**
   * Loads the kernels and copies the calibration.
   *
   * @throws IllegalArgumentException if the kernels do not know the shape
   */
  public BlockEncoder(CudaDevice device, CodecContext codec) {
    counts = new EncodeCounts(device, codec.shape().layers());
    feedback = FeedbackTables.upload(device, codec);
    encoders = new LayerParts<>(codec, only -> encoder(device, only));
  }

  private LayerEncoder encoder(CudaDevice device, CodecContext codec) {
    return switch (codec.spec().family()) {
      case FP16 -> new HalvesEncoder(device, codec, counts);
      case ROTATEKV, CENTRED -> new LineEncoder(device, parameters(device, codec));
      case SHAPED -> new ShapedEncoder(device, parameters(device, codec));
    };
  }

  private EncodeParameters parameters(CudaDevice device, CodecContext codec) {
    return new EncodeParameters(codec, new LineTables(device, codec), feedback.addresses(), counts);
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
    encoders
        .of(layer)
        .encode(layer, new EncodeInput(keys, values, maxima, blocks, targets), stream);
  }

  /**
   * What encoding has lost since this was made or last threw here, layer by layer; waits for the
   * stream.
   *
   * @throws IllegalStateException if a key or value was NaN or infinite
   */
  public List<EncodeLosses> losses(CudaStream stream) {
    return counts.read(stream);
  }

  @Override
  public void close() {
    encoders.close();
    feedback.close();
    counts.close();
  }
}
