package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.E4m3;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.ScaleSearch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link ScaleSearch} of one group of a strip, one token per lane. */
final class StripScaleSearch {

  private final int top;
  private final int[] codes = new int[LANES];

  StripScaleSearch(int top) {
    this.top = top;
  }

  /**
   * Replaces the fitted scales of a group by the best ones; sinks, whose code is 0, keep theirs.
   *
   * @param strip normalized and centred
   * @param from the group's first channel, of {@code count}
   * @param index where the group's first token is in {@code scales}
   */
  void refine(float[] strip, int from, int count, float multiplier, GroupScales scales, int index) {
    for (int lane = 0; lane < LANES; lane++) {
      codes[lane] = Byte.toUnsignedInt(scales.scaleCodes[index + lane]);
    }
    FloatVector offset = FloatVector.fromArray(FLOATS, scales.offsets, index);
    IntVector code = IntVector.fromArray(INTS, codes, 0);
    IntVector best = code;
    FloatVector least = FloatVector.broadcast(FLOATS, Float.POSITIVE_INFINITY);
    for (int candidate = 0; candidate < ScaleSearch.CANDIDATES; candidate++) {
      FloatVector scale = StripFitter.decode(code).mul(multiplier);
      FloatVector inverse = FloatVector.broadcast(FLOATS, 1f).div(scale);
      FloatVector error = error(strip, from, count, inverse, offset).mul(scale.mul(scale));
      VectorMask<Float> better =
          error
              .compare(VectorOperators.LT, least)
              .and(code.compare(VectorOperators.GE, E4m3.MIN_CODE).cast(FLOATS));
      least = least.blend(error, better);
      best = best.blend(code, better.cast(INTS));
      code = code.sub(1).max(0);
    }
    FloatVector inverse =
        FloatVector.broadcast(FLOATS, 1f).div(StripFitter.decode(best).mul(multiplier));
    FloatVector wanted = unshrunk(strip, from, count, inverse, offset);
    VectorMask<Float> usable =
        wanted
            .compare(VectorOperators.GT, 0f)
            .and(wanted.compare(VectorOperators.LT, Float.POSITIVE_INFINITY));
    IntVector stored = StripFitter.encode(wanted.mul(1f / multiplier).min(E4m3.MAX));
    store(best.blend(stored, usable.cast(INTS)), inverse, multiplier, scales, index);
  }

  private FloatVector unshrunk(
      float[] strip, int from, int count, FloatVector inverse, FloatVector offset) {
    FloatVector length = FloatVector.zero(FLOATS);
    FloatVector kept = FloatVector.zero(FLOATS);
    for (int channel = from; channel < from + count; channel++) {
      FloatVector x = FloatVector.fromArray(FLOATS, strip, channel * LANES);
      FloatVector code = StripQuantizer.nearest(x.mul(inverse).add(offset), top);
      length = length.add(x.mul(x));
      kept = kept.add(x.mul(code.sub(offset)));
    }
    return length.div(kept);
  }

  private FloatVector error(
      float[] strip, int from, int count, FloatVector inverse, FloatVector offset) {
    FloatVector error = FloatVector.zero(FLOATS);
    for (int channel = from; channel < from + count; channel++) {
      FloatVector level =
          FloatVector.fromArray(FLOATS, strip, channel * LANES).mul(inverse).add(offset);
      FloatVector distance = level.sub(StripQuantizer.nearest(level, top));
      error = error.add(distance.mul(distance));
    }
    return error;
  }

  private void store(
      IntVector stored, FloatVector inverse, float multiplier, GroupScales scales, int index) {
    VectorMask<Float> sinks = FloatVector.fromArray(FLOATS, scales.factors, index).eq(0f);
    FloatVector zero = FloatVector.zero(FLOATS);
    StripFitter.decode(stored).mul(multiplier).blend(zero, sinks).intoArray(scales.steps, index);
    inverse.blend(zero, sinks).intoArray(scales.factors, index);
    stored.blend(0, sinks.cast(INTS)).intoArray(codes, 0);
    for (int lane = 0; lane < LANES; lane++) {
      scales.scaleCodes[index + lane] = (byte) codes[lane];
    }
  }
}
