package io.rotatekv.eval.cache;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationException;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.runtime.EngineFactory;
import io.rotatekv.model.runtime.ModelCalibration;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open model, its calibration if it has one, and the backend that was asked for. */
public final class EvalModel implements AutoCloseable {

  private final Model model;
  private final Optional<Calibration> calibration;
  private final String backend;
  private final Map<Attend, EngineFactory> engines = new EnumMap<>(Attend.class);

  /**
   * A model to evaluate, which this takes over.
   *
   * @param backend {@code auto}, {@code cpu}, {@code cuda}, {@code simd} or {@code scalar}
   */
  public EvalModel(Model model, Optional<Calibration> calibration, String backend) {
    this.model = model;
    this.calibration = calibration;
    this.backend = backend;
  }

  /**
   * Opens a model.
   *
   * @param calibration the artifact; null takes the one shipped for the model, if there is one
   * @throws io.rotatekv.model.ModelException if it cannot be read
   * @throws CalibrationException if the artifact cannot be read or belongs to another model
   */
  public static EvalModel open(Path path, @Nullable Path calibration, String backend) {
    Model model = Models.open(path);
    try {
      return new EvalModel(model, ModelCalibration.find(model, calibration), backend);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  public Model model() {
    return model;
  }

  /** What calibration learned of the model, if it was calibrated. */
  public Optional<Calibration> calibration() {
    return calibration;
  }

  /**
   * The calibration that {@code codec} cannot do without.
   *
   * @throws CalibrationException if there is none
   */
  public Calibration requireCalibration(CodecSpec codec) {
    return calibration.orElseThrow(
        () -> CalibrationException.missing(model.config().name(), codec));
  }

  /**
   * Engines over the model on the backend that was asked for.
   *
   * @throws IllegalStateException if the backend cannot run here or not with {@code attend}
   */
  public EngineFactory engines(Attend attend) {
    return engines.computeIfAbsent(attend, key -> EngineFactory.of(model, backend, key));
  }

  /**
   * An engine on the CPU that shows {@code method} every layer of a whole prompt.
   *
   * @param context the most tokens of a prompt
   */
  public Engine probe(CacheMethod method, int context, Team team) {
    int chunk = Math.ceilDiv(context, BLOCK_TOKENS) * BLOCK_TOKENS;
    return new CpuEngine(
        model.config(),
        model.weights(),
        engines(Attend.BLOCK).kernels(team),
        team,
        method,
        Attend.BLOCK,
        new EngineLimits(context, chunk));
  }

  @Override
  public void close() {
    model.close();
  }
}
