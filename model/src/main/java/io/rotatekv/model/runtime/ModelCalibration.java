package io.rotatekv.model.runtime;

import io.rotatekv.model.Model;
import io.rotatekv.model.calibration.BundledCalibrations;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationException;
import io.rotatekv.model.calibration.CalibrationFile;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The calibration of an open model. */
public final class ModelCalibration {

  private ModelCalibration() {}

  /**
   * Reads an artifact, or finds the one that ships for the model.
   *
   * @param file the artifact; null for the shipped one
   * @return empty if no file was given and none ships
   * @throws CalibrationException if it cannot be read or belongs to another model
   */
  public static Optional<Calibration> find(Model model, @Nullable Path file) {
    if (file == null) {
      return BundledCalibrations.find(model.fingerprint());
    }
    Calibration calibration = CalibrationFile.read(file);
    if (!calibration.modelFingerprint().equals(model.fingerprint())) {
      throw CalibrationException.foreign(calibration.model(), model.config().name());
    }
    return Optional.of(calibration);
  }
}
