package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.Namespace;
import java.util.HexFormat;

/** Refuses callers that compute with another model or codec, by name. */
public final class NamespaceCheck {

  private NamespaceCheck() {}

  /**
   * Compares the caller's namespace with the node's own.
   *
   * @throws ServiceException MODEL_MISMATCH or CODEC_MISMATCH
   */
  public static void require(Namespace own, Namespace caller) {
    if (!own.getModelFingerprint().equals(caller.getModelFingerprint())) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_MODEL_MISMATCH,
          "the caller runs model %s, this node runs %s; give both the same model"
              .formatted(brief(caller.getModelFingerprint()), brief(own.getModelFingerprint())));
    }
    if (!own.getCodecFingerprint().equals(caller.getCodecFingerprint())) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CODEC_MISMATCH,
          "the caller's codec is %s, this node's is %s; give both the same codec, calibration and attention mode"
              .formatted(brief(caller.getCodecFingerprint()), brief(own.getCodecFingerprint())));
    }
  }

  /** The first eight hex digits, enough to compare two log lines. */
  private static String brief(ByteString fingerprint) {
    String digits = HexFormat.of().formatHex(fingerprint.toByteArray());
    return digits.isEmpty() ? "(none)" : digits.substring(0, Math.min(8, digits.length()));
  }
}
