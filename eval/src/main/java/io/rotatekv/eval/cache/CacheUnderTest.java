package io.rotatekv.eval.cache;

import io.rotatekv.kernels.Team;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Sequence;
import java.util.Optional;

/**
 * One way of keeping the keys and values of one model, to be evaluated: a codec as it is served, or
 * a method of the literature that exists for comparison only. Every evaluation takes every one.
 */
public interface CacheUnderTest {

  /** The name that {@code --codec} takes, such as {@code rotatekv2}. */
  String name();

  /** Bits of a quantized element as the method's name counts them, without metadata. */
  double bits();

  /** Which keys and values a token reads while they are at hand in full precision. */
  Attend attend();

  /**
   * All that decides its figures besides the model and the text, as one string: parameters,
   * calibration, {@link #attend}. Finished work is taken up again only under an equal one.
   */
  String identity();

  /** What it learned before; texts that this was made from are not scored. */
  Optional<Calibration> calibration();

  /** Whether it learned from the text with this SHA-256, in hexadecimal digits. */
  default boolean learnedFrom(String sha256) {
    return calibration().filter(made -> made.isMadeFrom(sha256)).isPresent();
  }

  /** Whether it runs on a GPU, where one engine at a time takes the whole device. */
  boolean onGpu();

  /**
   * Opens an engine of its own; several may be open at once.
   *
   * @param team the threads to compute on; not closed with the engine
   */
  Engine open(EngineLimits limits, Team team);

  /** What a sequence of one of its engines takes so far. */
  StoredSize stored(Sequence sequence);

  /**
   * What it makes of single layers, for one thread; empty where it cannot show them.
   *
   * @param team the threads that its loops may run on
   */
  default Optional<Reconstruction> reconstruction(Team team) {
    return Optional.empty();
  }
}
