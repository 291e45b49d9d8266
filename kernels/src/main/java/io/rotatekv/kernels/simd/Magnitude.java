package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.block.TileCoder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** The check that encoders make of their input. */
final class Magnitude {

  private static final int BOUND = Float.floatToRawIntBits(TileCoder.MAX_MAGNITUDE);

  private Magnitude() {}

  /**
   * Whether the first {@code count} elements, a multiple of the vector length, are numbers below
   * the bound of encoders. Without their sign, floats compare like their bits, NaN above all
   * others.
   */
  static boolean allBelow(float[] x, int count) {
    IntVector largest = IntVector.zero(INTS);
    for (int i = 0; i < count; i += LANES) {
      largest =
          largest.max(FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts().and(0x7FFFFFFF));
    }
    return largest.reduceLanes(VectorOperators.MAX) < BOUND;
  }
}
