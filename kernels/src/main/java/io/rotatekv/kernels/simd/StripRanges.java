package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** What lies between rotation and quantization: norm, and the range of each group. */
final class StripRanges {

  private StripRanges() {}

  /**
   * Finds the range by lane of the channels of one group, times a norm. Rounding keeps order, so
   * the norm of the smallest element is the smallest norm.
   *
   * @param strip {@code (kvDim, LANES)}
   * @param members the channels of the group
   * @param min gets the smallest elements at {@code at}
   * @param max gets the largest elements at {@code at}
   */
  static void find(float[] strip, float norm, int[] members, float[] min, float[] max, int at) {
    IntVector low = IntVector.broadcast(INTS, Integer.MAX_VALUE);
    IntVector high = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    for (int channel : members) {
      IntVector x = flip(FloatVector.fromArray(FLOATS, strip, channel * LANES).reinterpretAsInts());
      low = low.min(x);
      high = high.max(x);
    }
    flip(low).reinterpretAsFloats().mul(norm).intoArray(min, at);
    flip(high).reinterpretAsFloats().mul(norm).intoArray(max, at);
  }

  /**
   * Flips the magnitudes of negative numbers, which makes bits compare as the numbers do, or undoes
   * it. Minima of integers take one instruction; those of floats take many, because of NaN.
   */
  private static IntVector flip(IntVector bits) {
    IntVector magnitude =
        bits.lanewise(VectorOperators.ASHR, Integer.SIZE - 1).and(Integer.MAX_VALUE);
    return bits.lanewise(VectorOperators.XOR, magnitude);
  }

  /** Multiplies a strip by a norm. */
  static void normalize(float[] strip, float norm) {
    for (int at = 0; at < strip.length; at += LANES) {
      FloatVector.fromArray(FLOATS, strip, at).mul(norm).intoArray(strip, at);
    }
  }
}
