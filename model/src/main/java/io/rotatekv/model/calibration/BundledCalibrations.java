package io.rotatekv.model.calibration;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;

/** The calibrations that ship with the program, found by the model's fingerprint. */
public final class BundledCalibrations {

  private BundledCalibrations() {}

  /** The shipped calibration of a model, if there is one. */
  public static Optional<Calibration> find(String modelFingerprint) {
    String name = "/calibrations/" + modelFingerprint.substring(0, 16) + ".json";
    try (InputStream in = BundledCalibrations.class.getResourceAsStream(name)) {
      return in == null
          ? Optional.empty()
          : Optional.of(CalibrationFile.read(in, name))
              .filter(calibration -> calibration.modelFingerprint().equals(modelFingerprint));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read resource " + name, e);
    }
  }
}
