package io.rotatekv.kernels.codec;

import java.util.List;

/**
 * All that decides the bytes of a block besides the tokens.
 *
 * @param spec the codec
 * @param shape the model's KV cache
 * @param layers calibration, one per layer; empty only for {@link CodecFamily#FP16}
 * @param fingerprint first 8 bytes of the calibration's SHA-256, as they stand in the block header;
 *     0 for {@link CodecFamily#FP16}
 */
public record CodecContext(
    CodecSpec spec, KvShape shape, List<LayerCalibration> layers, long fingerprint) {

  public CodecContext {
    layers = List.copyOf(layers);
    if (spec.family() != CodecFamily.FP16 && layers.size() != shape.layers()) {
      throw new IllegalArgumentException(
          "codec %s needs the calibration of %d layers, got %d; run 'rotatekv calibrate'"
              .formatted(spec, shape.layers(), layers.size()));
    }
  }

  /** What the FP16 codec needs: no calibration. */
  public static CodecContext fp16(KvShape shape) {
    return new CodecContext(CodecSpec.FP16, shape, List.of(), 0L);
  }
}
