package io.rotatekv.kernels.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Names a calibration by its content and the model it was made for. */
public final class CalibrationFingerprint {

  private CalibrationFingerprint() {}

  /**
   * SHA-256 of the calibration of all layers.
   *
   * @return 32 bytes
   */
  public static byte[] of(List<LayerCalibration> layers, String modelFingerprint) {
    CanonicalHash hash = new CanonicalHash("rotatekv calibration");
    hash.add("model", modelFingerprint);
    addLayers(hash, layers);
    return hash.finish();
  }

  /** The first 8 bytes, little-endian, as {@link CodecContext#fingerprint} and headers have it. */
  public static long prefix(byte[] fingerprint) {
    return ByteBuffer.wrap(fingerprint).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** Adds all fields of all layers. */
  static void addLayers(CanonicalHash hash, List<LayerCalibration> layers) {
    hash.add("layers", layers.size());
    for (LayerCalibration layer : layers) {
      hash.add("key mean", layer.keyMean())
          .add("key range", layer.keyRange())
          .add("key deviation", layer.keyDeviation())
          .add("value range", layer.valueRange())
          .add("value deviation", layer.valueDeviation())
          .add("sink threshold", layer.sinkThreshold())
          .add("key importance", layer.keyImportance());
    }
  }
}
