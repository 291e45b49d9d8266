package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CalibrationFingerprint;
import io.rotatekv.kernels.codec.CanonicalHash;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All that calibration learned of one model. One artifact serves every codec.
 *
 * @param model the model's name, for people
 * @param modelFingerprint the model it belongs to
 * @param text name of the calibration text and the first 16 hex digits of its SHA-256
 * @param tokens how many tokens of it were used
 * @param shape the model's KV cache
 * @param layers one per layer
 * @param gate what codecs cost the model and may cost; null where that was not measured
 */
public record Calibration(
    String model,
    String modelFingerprint,
    String text,
    int tokens,
    KvShape shape,
    List<LayerCalibration> layers,
    @Nullable Gate gate) {

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

  /** The same with a gate. */
  public Calibration with(Gate gate) {
    return new Calibration(model, modelFingerprint, text, tokens, shape, layers, gate);
  }

  /** What a codec costs the model, if that was measured. */
  public Optional<Gate.Cost> cost(CodecSpec spec) {
    return Optional.ofNullable(gate).flatMap(measured -> measured.cost(spec));
  }

  /**
   * What a codec needs to encode with this calibration, its layers raised as the gate asks.
   *
   * @param rope the model's
   */
  public CodecContext context(CodecSpec spec, BlockRope rope) {
    CodecContext uniform = uniform(spec, rope);
    return cost(spec).map(cost -> uniform.with(cost.specs())).orElse(uniform);
  }

  /**
   * What a node needs to serve a codec.
   *
   * @param rope the model's
   * @throws CalibrationException if the codec costs the model more than the gate allows
   */
  public CodecContext served(CodecSpec spec, BlockRope rope) {
    cost(spec)
        .filter(cost -> gate != null && cost.increase() > gate.maxIncrease())
        .ifPresent(cost -> {
          throw CalibrationException.costly(model, cost, Objects.requireNonNull(gate));
        });
    return context(spec, rope);
  }

  /**
   * What a codec needs to encode with this calibration, the same in all layers.
   *
   * @param rope the model's
   */
  public CodecContext uniform(CodecSpec spec, BlockRope rope) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(shape);
    }
    return new CodecContext(
        spec, shape, layers, CalibrationFingerprint.prefix(fingerprint()), rope);
  }

  /** SHA-256 of the figures and the gate, by which an artifact knows itself. */
  byte[] seal() {
    CanonicalHash hash =
        new CanonicalHash("rotatekv calibration artifact").add("figures", fingerprint());
    if (gate != null) {
      gate.addTo(hash);
    }
    return hash.finish();
  }
}
