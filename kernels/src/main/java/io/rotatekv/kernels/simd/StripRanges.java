package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** What lies between rotation and quantization: norm, mean, and the range of each group. */
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
    FloatVector low = FloatVector.broadcast(FLOATS, Float.POSITIVE_INFINITY);
    FloatVector high = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    for (int channel : members) {
      FloatVector x = FloatVector.fromArray(FLOATS, strip, channel * LANES);
      // Inputs hold no NaN, so comparing gives what min and max would, for a third of the work.
      low = low.blend(x, x.compare(VectorOperators.LT, low));
      high = high.blend(x, x.compare(VectorOperators.GT, high));
    }
    low.mul(norm).intoArray(min, at);
    high.mul(norm).intoArray(max, at);
  }

  /** Multiplies a strip by a norm and subtracts the means of its channels. */
  static void centre(float[] strip, float norm, float[] mean) {
    for (int channel = 0; channel < mean.length; channel++) {
      FloatVector.fromArray(FLOATS, strip, channel * LANES)
          .mul(norm)
          .sub(mean[channel])
          .intoArray(strip, channel * LANES);
    }
  }
}
