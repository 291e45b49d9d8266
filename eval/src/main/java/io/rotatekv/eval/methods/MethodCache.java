package io.rotatekv.eval.methods;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.Reconstruction;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.Model;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.CpuEngine;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A method of the literature over one model, on the CPU. */
final class MethodCache implements CacheUnderTest {

  private final MethodDefinition definition;
  private final Model model;
  private final Attend attend;
  private final ModelIngredients ingredients;
  private final String identity;
  private @Nullable CacheMethod fitted; // guarded by this

  MethodCache(
      MethodDefinition definition, Model model, Attend attend, ModelIngredients ingredients) {
    this.definition = definition;
    this.model = model;
    this.attend = attend;
    this.ingredients = ingredients;
    StringBuilder parts = new StringBuilder(definition.parameters());
    parts.append(' ').append(attend.label());
    if (definition.calibrated()) {
      parts.append(' ').append(ingredients.text(definition.name()).sha256());
      parts.append(' ').append(CalibrationSample.TOKENS);
    }
    if (definition.sinks()) {
      parts.append(' ').append(HexFormat.of().formatHex(ingredients.calibration().fingerprint()));
    }
    this.identity = parts.toString();
  }

  @Override
  public String name() {
    return definition.name();
  }

  @Override
  public double bits() {
    return definition.bits();
  }

  @Override
  public Attend attend() {
    return attend;
  }

  @Override
  public String identity() {
    return identity;
  }

  @Override
  public Optional<Calibration> calibration() {
    return definition.sinks() ? Optional.of(ingredients.calibration()) : Optional.empty();
  }

  @Override
  public boolean learnedFrom(String sha256) {
    return CacheUnderTest.super.learnedFrom(sha256)
        || (definition.calibrated() && ingredients.text(definition.name()).sha256().equals(sha256));
  }

  @Override
  public boolean onGpu() {
    return false;
  }

  /** Opens an engine that takes a prompt in one chunk, since methods look at it as a whole. */
  @Override
  public Engine open(EngineLimits limits, Team team) {
    return new CpuEngine(
        model.config(),
        model.weights(),
        Backends.open("auto", team).kernels(),
        team,
        fitted(),
        attend,
        EngineLimits.whole(limits.maxContext()));
  }

  private synchronized CacheMethod fitted() {
    if (fitted == null) {
      fitted = definition.fit(ingredients);
    }
    return fitted;
  }

  @Override
  public StoredSize stored(Sequence sequence) {
    KvShape shape = model.kvShape();
    return new StoredSize(
        sequence.blockBytes() * Byte.SIZE, 2L * sequence.length() * shape.kvDim() * shape.layers());
  }

  @Override
  public Optional<Reconstruction> reconstruction(Team team) {
    CacheMethod method = fitted();
    return Optional.of(method::store);
  }
}
