package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.GroupScales;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Codes of one strip of tokens, one channel at a time. */
final class StripQuantizer {

  /**
   * Adding 1.5 * 2^23 rounds numbers below 2^22 to integers, half to even, and leaves them in the
   * low bits. Larger ones stay larger (or negative), so clamping the bits as integers is right.
   */
  private static final float MAGIC = 0x1.8p23f;

  private static final int MAGIC_BITS = Float.floatToRawIntBits(MAGIC);

  private StripQuantizer() {}

  /** Level of each lane times {@code norm}, plus {@link #MAGIC}, as bits, not yet clamped. */
  static IntVector level(
      float[] strip, float norm, int channel, int group, int token, GroupScales scales) {
    int index = group * BLOCK_TOKENS + token;
    return FloatVector.fromArray(FLOATS, strip, channel * LANES)
        .mul(norm)
        .mul(FloatVector.fromArray(FLOATS, scales.factors, index))
        .add(FloatVector.fromArray(FLOATS, scales.offsets, index))
        .add(MAGIC)
        .reinterpretAsInts();
  }

  /** Integers nearest to numbers below 2^22, half to even. */
  static IntVector round(FloatVector x) {
    return x.add(MAGIC).reinterpretAsInts().sub(MAGIC_BITS);
  }

  /** The code nearest to each level, as a number. */
  static FloatVector nearest(FloatVector level, int top) {
    return clamp(level.add(MAGIC).reinterpretAsInts(), top).reinterpretAsFloats().sub(MAGIC);
  }

  /** Levels moved to the nearest code; only the low bits, those of the code, mean something. */
  static IntVector clamp(IntVector level, int top) {
    return level.max(MAGIC_BITS).min(MAGIC_BITS + top);
  }

  /** Adds one to each lane that {@link #clamp} changed. */
  static IntVector countClipped(IntVector count, IntVector level, IntVector clamped) {
    return count.add(1, level.compare(VectorOperators.NE, clamped));
  }
}
