package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.CalibrationFingerprint;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import java.util.List;

/**
 * All that calibration learned of one model. One artifact serves every codec.
 *
 * @param model the model's name, for people
 * @param modelFingerprint the model it belongs to
 * @param text name of the calibration text and the first 16 hex digits of its SHA-256
 * @param tokens how many tokens of it were used
 * @param shape the model's KV cache
 * @param layers one per layer
 */
public record Calibration(
    String model,
    String modelFingerprint,
    String text,
    int tokens,
    KvShape shape,
    List<LayerCalibration> layers) {

  /** Digits of the text's SHA-256 that {@link #text} ends with. */
  public static final int TEXT_HASH_DIGITS = 16;

  public Calibration {
    layers = List.copyOf(layers);
  }

  /** SHA-256 of what decides blocks: the layers' figures and the model. */
  public byte[] fingerprint() {
    return CalibrationFingerprint.of(layers, modelFingerprint);
  }

  /** Whether it was made from the text whose SHA-256 has these hexadecimal digits. */
  public boolean isMadeFrom(String sha256) {
    return text.endsWith(" " + sha256.substring(0, TEXT_HASH_DIGITS));
  }

  /** What a codec needs to encode with this calibration. */
  public CodecContext context(CodecSpec spec) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(shape);
    }
    return new CodecContext(spec, shape, layers, CalibrationFingerprint.prefix(fingerprint()));
  }
}
