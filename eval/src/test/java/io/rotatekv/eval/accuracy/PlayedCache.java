package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.engine.Sequence;
import java.util.Optional;

/** A cache over a model that a test plays on the CPU, of two bits and without a calibration. */
interface PlayedCache extends CacheUnderTest {

  /** What every sequence is said to take. */
  StoredSize STORED = new StoredSize(16384, 4096);

  @Override
  default double bits() {
    return 2;
  }

  @Override
  default Optional<Calibration> calibration() {
    return Optional.empty();
  }

  @Override
  default boolean onGpu() {
    return false;
  }

  @Override
  default StoredSize stored(Sequence sequence) {
    return STORED;
  }
}
