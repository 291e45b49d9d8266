package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.block.TileCoder;

/** The check that encoders make of their input. */
final class Magnitude {

  private Magnitude() {}

  /** Whether the first {@code count} elements are numbers below the bound of encoders. */
  static boolean allBelow(float[] x, int count) {
    for (int i = 0; i < count; i++) {
      // Not >=, which NaN would pass.
      if (!(Math.abs(x[i]) < TileCoder.MAX_MAGNITUDE)) {
        return false;
      }
    }
    return true;
  }
}
