package io.rotatekv.eval.cache;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecFingerprint;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.runtime.EngineFactory;
import java.util.HexFormat;
import java.util.Optional;

/** A codec as it is served: blocks of 64 tokens, and a tail in FP16. */
final class ServingCache implements CacheUnderTest {

  private final CodecContext context;
  private final Attend attend;
  private final Optional<Calibration> calibration;
  private final EngineFactory engines;

  ServingCache(CodecSpec spec, EvalModel model, Attend attend) {
    this.attend = attend;
    this.calibration =
        spec.family() == CodecFamily.FP16
            ? Optional.empty()
            : Optional.of(model.requireCalibration(spec));
    this.context =
        calibration
            .map(artifact -> artifact.context(spec, model.model().blockRope()))
            .orElseGet(() -> CodecContext.fp16(model.model().kvShape()));
    this.engines = model.engines(attend);
  }

  @Override
  public String name() {
    return context.spec().name();
  }

  @Override
  public double bits() {
    return context.spec().bits();
  }

  @Override
  public Attend attend() {
    return attend;
  }

  @Override
  public String identity() {
    return HexFormat.of().formatHex(CodecFingerprint.of(context, attend.label()));
  }

  @Override
  public Optional<Calibration> calibration() {
    return calibration;
  }

  @Override
  public boolean onGpu() {
    return engines.onGpu();
  }

  @Override
  public Engine open(EngineLimits limits, Team team) {
    return engines.open(context, attend, limits, engines.kernels(team), team);
  }

  @Override
  public StoredSize stored(Sequence sequence) {
    KvShape shape = context.shape();
    long blocks = sequence.length() / BLOCK_TOKENS;
    return new StoredSize(
        sequence.blockBytes() * Byte.SIZE,
        2L * blocks * BLOCK_TOKENS * shape.kvDim() * shape.layers());
  }

  @Override
  public Optional<Reconstruction> reconstruction(Team team) {
    return Optional.of(new BlockReconstruction(engines.kernels(team).codec(context), context));
  }
}
