package io.rotatekv.model.runtime;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecFingerprint;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationException;
import io.rotatekv.model.calibration.Gate;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An open model with the engine that runs it. */
public final class ModelRuntime implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ModelRuntime.class);

  /** Default bound on the context, which bounds the tables of RoPE. */
  private static final int DEFAULT_CONTEXT = 8192;

  private final Model model;
  private final Team team;
  private final Kernels kernels;
  private final Engine engine;
  private final CacheIdentity identity;

  private ModelRuntime(
      Model model, Team team, Kernels kernels, Engine engine, CacheIdentity identity) {
    this.model = model;
    this.team = team;
    this.kernels = kernels;
    this.engine = engine;
    this.identity = identity;
  }

  /**
   * Opens a model and all it takes to run it.
   *
   * @param path the model's file or folder
   * @throws io.rotatekv.model.ModelException if the model cannot be read
   * @throws CalibrationException if the codec needs a calibration and there is none for this model
   */
  public static ModelRuntime open(Path path, RuntimeOptions options) {
    CodecSpec spec = CodecSpec.parse(options.codec());
    Attend attend = Attend.parse(options.attend());
    Model model = Models.open(path);
    Team team = Team.of(threads(options));
    try {
      CodecContext context = context(model, spec, options);
      EngineFactory engines = EngineFactory.of(model, options.backend(), attend);
      Kernels kernels = engines.kernels(team);
      EngineLimits limits = new EngineLimits(maxContext(model, options), options.chunkTokens());
      Engine engine = engines.open(context, attend, limits, kernels, team);
      CacheIdentity identity =
          new CacheIdentity(
              model.fingerprint(),
              HexFormat.of().formatHex(CodecFingerprint.of(context, attend.label())));
      return new ModelRuntime(model, team, kernels, engine, identity);
    } catch (RuntimeException e) {
      team.close();
      model.close();
      throw e;
    }
  }

  private static int threads(RuntimeOptions options) {
    return options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
  }

  private static int maxContext(Model model, RuntimeOptions options) {
    int trained = model.config().contextLength();
    if (options.maxContext() > trained) {
      throw new IllegalArgumentException(
          "max-context %d is beyond the %d tokens that model %s was trained for"
              .formatted(options.maxContext(), trained, model.config().name()));
    }
    return options.maxContext() > 0 ? options.maxContext() : Math.min(trained, DEFAULT_CONTEXT);
  }

  private static CodecContext context(Model model, CodecSpec spec, RuntimeOptions options) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(model.kvShape());
    }
    Calibration calibration =
        ModelCalibration.find(model, options.calibration())
            .orElseThrow(() -> CalibrationException.missing(model.config().name(), spec));
    CodecContext context = calibration.served(spec, model.blockRope());
    warn(calibration, spec);
    return context;
  }

  /** Says what is known of the codec's cost: nothing, or that layers were raised to bound it. */
  private static void warn(Calibration calibration, CodecSpec spec) {
    Optional<Gate.Cost> cost = calibration.cost(spec);
    if (cost.isEmpty()) {
      log.warn(
          "nobody has measured what codec {} costs {}: calibrate with --max-ppl-increase to bound it",
          spec,
          calibration.model());
    } else if (!cost.get().raised().isEmpty()) {
      log.warn(
          "codec {} has more bits in some layers of {}, to hold its gate: {}",
          spec,
          calibration.model(),
          cost.get().raised());
    }
  }

  public Model model() {
    return model;
  }

  public Engine engine() {
    return engine;
  }

  /** The threads that the engine computes on. */
  public Team team() {
    return team;
  }

  public Kernels kernels() {
    return kernels;
  }

  /** What this node's blocks belong to; nodes that share blocks must agree on it. */
  public CacheIdentity cacheIdentity() {
    return identity;
  }

  @Override
  public void close() {
    engine.close();
    team.close();
    model.close();
  }
}
