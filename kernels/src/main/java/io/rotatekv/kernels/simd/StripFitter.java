package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.E4m3;
import io.rotatekv.kernels.codec.GroupQuantizer;
import io.rotatekv.kernels.codec.GroupScales;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Fits one group of a strip, one token per lane, as {@link GroupQuantizer#fit} does it token by
 * token. The cases that it counts are rare and left to it: where a lane is near one, nothing is
 * fitted here.
 */
final class StripFitter {

  /** Zero points closer to the end of INT8 may be those of narrow groups. */
  private static final float SAFE_ZERO = 126f;

  private static final int DROPPED_MANTISSA_BITS = 20;
  private static final int HALF = (1 << (DROPPED_MANTISSA_BITS - 1)) - 1;
  private static final int REBIAS = (127 - 7) << 3;
  private static final float REBIAS_FACTOR = 0x1p120f;
  private static final float MIN_NORMAL = 0x1p-6f;
  private static final float SUBNORMALS = 0x1p9f;

  private final boolean symmetric;
  private final float clip;
  private final int top;
  private final float centre;
  private final int[] codes = new int[LANES];

  StripFitter(CodecSpec spec) {
    symmetric = spec.family().centred();
    clip = spec.clip();
    top = GroupQuantizer.of(spec).top();
    centre = top * 0.5f;
  }

  /**
   * Fits a group, or returns false.
   *
   * @param min smallest elements, of {@code LANES} tokens from {@code at}
   * @param max largest elements
   * @param multiplier what FP8 scales are multiplied by, a power of two
   * @param to gets what the group takes, from {@code index}
   */
  boolean fit(float[] min, float[] max, int at, float multiplier, GroupScales to, int index) {
    return symmetric
        ? fitSymmetric(min, max, at, multiplier, to, index)
        : fitAsymmetric(min, max, at, multiplier, to, index);
  }

  private boolean fitSymmetric(
      float[] min, float[] max, int at, float multiplier, GroupScales to, int index) {
    FloatVector low = FloatVector.fromArray(FLOATS, min, at);
    FloatVector high = FloatVector.fromArray(FLOATS, max, at);
    FloatVector wanted = low.abs().max(high.abs()).mul(clip).mul(2f).div(top + 1);
    FloatVector relative = wanted.mul(1f / multiplier);
    if (relative.compare(VectorOperators.GT, E4m3.MAX).anyTrue()) {
      return false;
    }
    IntVector code = encode(relative);
    FloatVector inverse = FloatVector.broadcast(FLOATS, 1f).div(decode(code).mul(multiplier));
    inverse.intoArray(to.factors, index);
    FloatVector.broadcast(FLOATS, centre).intoArray(to.offsets, index);
    store(code, to.scaleCodes, index);
    return true;
  }

  private boolean fitAsymmetric(
      float[] min, float[] max, int at, float multiplier, GroupScales to, int index) {
    FloatVector low = FloatVector.fromArray(FLOATS, min, at);
    FloatVector high = FloatVector.fromArray(FLOATS, max, at);
    FloatVector relative = high.sub(low).mul(clip).div(top).mul(1f / multiplier);
    IntVector code = encode(relative);
    FloatVector inverse = FloatVector.broadcast(FLOATS, 1f).div(decode(code).mul(multiplier));
    FloatVector level = low.mul(clip).mul(inverse);
    if (relative.compare(VectorOperators.GT, E4m3.MAX).anyTrue()
        || level.abs().compare(VectorOperators.GT, SAFE_ZERO).anyTrue()) {
      return false;
    }
    IntVector zero = StripQuantizer.round(level).neg();
    inverse.intoArray(to.factors, index);
    ((FloatVector) zero.convertShape(VectorOperators.I2F, FLOATS, 0)).intoArray(to.offsets, index);
    store(code, to.scaleCodes, index);
    store(zero, to.zeroCodes, index);
    return true;
  }

  /** {@link E4m3#encode} of numbers up to 448. */
  static IntVector encode(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, DROPPED_MANTISSA_BITS).and(1);
    IntVector normal =
        bits.add(HALF).add(odd).lanewise(VectorOperators.LSHR, DROPPED_MANTISSA_BITS).sub(REBIAS);
    IntVector subnormal = StripQuantizer.round(x.mul(SUBNORMALS)).max(E4m3.MIN_CODE);
    return normal.blend(subnormal, x.compare(VectorOperators.LT, MIN_NORMAL).cast(INTS));
  }

  /** {@link E4m3#decode}: a float with the same mantissa, its exponent made right by a product. */
  static FloatVector decode(IntVector code) {
    return code.lanewise(VectorOperators.LSHL, DROPPED_MANTISSA_BITS)
        .reinterpretAsFloats()
        .mul(REBIAS_FACTOR);
  }

  private void store(IntVector numbers, byte[] to, int index) {
    numbers.intoArray(codes, 0);
    for (int lane = 0; lane < LANES; lane++) {
      to[index + lane] = (byte) codes[lane];
    }
  }
}
