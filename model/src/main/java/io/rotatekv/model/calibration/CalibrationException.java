package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.CodecSpec;
import org.jspecify.annotations.Nullable;

/** A calibration artifact is missing, altered, or belongs to another model. */
public final class CalibrationException extends RuntimeException {

  CalibrationException(String message) {
    this(message, null);
  }

  CalibrationException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** No artifact was given and none ships for the model. */
  public static CalibrationException missing(String model, CodecSpec codec) {
    return new CalibrationException(
        "codec %s needs a calibration of model %s and none ships with it; run 'rotatekv calibrate"
                .formatted(codec, model)
            + " --model MODEL --text FILE --out FILE' and name the file as 'calibration', or use"
            + " codec fp16");
  }

  /** The codec would do the model more harm than its gate allows. */
  static CalibrationException costly(String model, Gate.Cost cost, Gate gate) {
    return new CalibrationException(
        ("codec %s raises the perplexity of %s by %.1f %% on held-out text, the calibration's gate"
                + " allows %.1f %%; take codec shaped2, which raises layers to hold that, or"
                + " calibrate again with a larger --max-ppl-increase")
            .formatted(cost.codec(), model, 100 * cost.increase(), 100 * gate.maxIncrease()));
  }

  /** The artifact was made from another model. */
  public static CalibrationException foreign(String calibrated, String model) {
    return new CalibrationException(
        "the calibration was made for model %s, not for these weights of %s; calibrate again"
            .formatted(calibrated, model));
  }
}
