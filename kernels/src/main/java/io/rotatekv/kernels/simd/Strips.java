package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.LANES;

/** Brings rows into strips. */
final class Strips {

  private Strips() {}

  /** Transposes {@code LANES} tokens of {@code (64, kvDim)} into {@code (kvDim, LANES)}. */
  static void load(float[] rows, int token, int kvDim, float[] strip) {
    for (int channel = 0; channel < kvDim; channel++) {
      int from = token * kvDim + channel;
      int to = channel * LANES;
      for (int lane = 0; lane < LANES; lane++) {
        strip[to + lane] = rows[from + lane * kvDim];
      }
    }
  }
}
