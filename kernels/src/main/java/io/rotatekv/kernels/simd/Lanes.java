package io.rotatekv.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vector shapes of this machine, and the steps between them. Needs at least 256 bits. */
final class Lanes {

  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Floats of a vector: 8 or 16. */
  static final int LANES = FLOATS.length();

  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(LANES * Byte.SIZE));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

  private static final int FLOAT_EXPONENT_1 = 1 << 23;
  private static final int HALF_REBIAS = (127 - 15) << 23;
  private static final int HALF_INFINITY = 31 << 23;

  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);

  private Lanes() {}

  /** {@link #LANES} floats of a little-endian segment. */
  static FloatVector floats(MemorySegment data, long at) {
    return FloatVector.fromMemorySegment(FLOATS, data, at, ByteOrder.LITTLE_ENDIAN);
  }

  /** {@link #LANES} bytes, each widened to 0..255. */
  static IntVector unsignedBytes(MemorySegment data, long at) {
    ByteVector bytes = ByteVector.fromMemorySegment(BYTES, data, at, ByteOrder.LITTLE_ENDIAN);
    return (IntVector) bytes.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
  }

  /** {@link #LANES} bytes, each widened to -128..127. */
  static FloatVector signedBytes(MemorySegment data, long at) {
    ByteVector bytes = ByteVector.fromMemorySegment(BYTES, data, at, ByteOrder.LITTLE_ENDIAN);
    return toFloat((IntVector) bytes.convertShape(VectorOperators.B2I, INTS, 0));
  }

  /** {@link #LANES} shorts in the high halves of ints, whose low halves are 0. */
  static IntVector highShorts(MemorySegment data, long at) {
    ShortVector shorts = ShortVector.fromMemorySegment(SHORTS, data, at, ByteOrder.LITTLE_ENDIAN);
    IntVector wide = (IntVector) shorts.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
    return wide.lanewise(VectorOperators.LSHL, Short.SIZE);
  }

  /** Each lane as a float. */
  static FloatVector toFloat(IntVector v) {
    return (FloatVector) v.convert(VectorOperators.I2F, 0);
  }

  /**
   * FP16 numbers in the high halves of ints, the low halves 0. Subnormal ones are renormalized by a
   * subtraction: as FP32 operands they would cost a microcode assist of 150 cycles.
   */
  static FloatVector fromHalf(IntVector highHalves) {
    IntVector sign = highHalves.and(0x80000000);
    IntVector magnitude = highHalves.lanewise(VectorOperators.LSHR, 3).and(0x0fffe000);
    IntVector rebiased = magnitude.add(HALF_REBIAS);
    rebiased = rebiased.add(HALF_REBIAS, magnitude.compare(VectorOperators.GE, HALF_INFINITY));
    FloatVector subnormal =
        magnitude.add(HALF_REBIAS + FLOAT_EXPONENT_1).reinterpretAsFloats().sub(0x1p-14f);
    return rebiased
        .blend(
            subnormal.reinterpretAsInts(), magnitude.compare(VectorOperators.LT, FLOAT_EXPONENT_1))
        .or(sign)
        .reinterpretAsFloats();
  }

  /**
   * The sum of all lanes, in an order that is always the same; {@code reduceLanes} may change its
   * order when the code is compiled.
   */
  static float sum(FloatVector v) {
    FloatVector s = LANES == 16 ? v.add(v.rearrange(SWAP_8)) : v;
    s = s.add(s.rearrange(SWAP_4));
    s = s.add(s.rearrange(SWAP_2));
    s = s.add(s.rearrange(SWAP_1));
    return s.lane(0);
  }

  /** Two vectors of {@code from}, times {@code factor}. */
  static void rescale(float[] from, int at, float factor, float[] to, int toAt) {
    FloatVector.fromArray(FLOATS, from, at).mul(factor).intoArray(to, toAt);
    FloatVector.fromArray(FLOATS, from, at + LANES).mul(factor).intoArray(to, toAt + LANES);
  }

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(FLOATS, i -> (i ^ distance) % LANES);
  }
}
