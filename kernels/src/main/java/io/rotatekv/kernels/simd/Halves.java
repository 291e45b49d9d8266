package io.rotatekv.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * All FP16 numbers as FP32, for the scales of blocks: a look-up and a broadcast take load ports,
 * which are idle while blocks are unpacked; conversions would take the port of the shuffles.
 */
final class Halves {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final float[] TABLE = new float[1 << Short.SIZE];

  static {
    for (int bits = 0; bits < TABLE.length; bits++) {
      TABLE[bits] = Float.float16ToFloat((short) bits);
    }
  }

  private Halves() {}

  static float read(MemorySegment data, long at) {
    return TABLE[data.get(SHORT, at) & 0xffff];
  }
}
