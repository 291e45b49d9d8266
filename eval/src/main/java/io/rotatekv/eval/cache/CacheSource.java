package io.rotatekv.eval.cache;

import io.rotatekv.model.engine.Attend;
import java.util.List;
import java.util.Optional;

/** A family of caches that can be asked for by name. */
public interface CacheSource {

  /** The names it knows, for help and errors. */
  List<String> names();

  /**
   * The cache of a name, or empty if it does not know the name.
   *
   * @throws io.rotatekv.eval.run.EvalException if it knows the name and cannot serve this model
   * @throws io.rotatekv.model.calibration.CalibrationException if a calibration is missing
   */
  Optional<CacheUnderTest> find(String name, EvalModel model, Attend attend);
}
