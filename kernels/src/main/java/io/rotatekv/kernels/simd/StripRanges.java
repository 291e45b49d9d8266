package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The pass between rotation and quantization: norm, mean, and the range of each group. */
final class StripRanges {

  private StripRanges() {}

  /**
   * Scales and centres the channels of one group in place and finds their range by lane.
   *
   * @param strip {@code (kvDim, LANES)}
   * @param mean by channel; empty for none
   * @param members the channels of the group
   * @param min gets the smallest elements at {@code at}
   * @param max gets the largest elements at {@code at}
   */
  static void find(
      float[] strip, float norm, float[] mean, int[] members, float[] min, float[] max, int at) {
    FloatVector low = FloatVector.broadcast(FLOATS, Float.POSITIVE_INFINITY);
    FloatVector high = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    boolean centred = mean.length > 0;
    for (int channel : members) {
      FloatVector x = FloatVector.fromArray(FLOATS, strip, channel * LANES).mul(norm);
      if (centred) {
        x = x.sub(mean[channel]);
      }
      x.intoArray(strip, channel * LANES);
      // Inputs hold no NaN, so comparing gives what min and max would, for a third of the work.
      low = low.blend(x, x.compare(VectorOperators.LT, low));
      high = high.blend(x, x.compare(VectorOperators.GT, high));
    }
    low.intoArray(min, at);
    high.intoArray(max, at);
  }
}
