package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Unpacks the forms with blocks of 256. */
final class LargeBlocks {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int BLOCK = 256;
  private static final int Q4_K_BYTES = 144;
  private static final int Q6_K_BYTES = 210;

  private LargeBlocks() {}

  static void q4k(MemorySegment data, long at, int blocks, float[] out, int offset) {
    for (int b = 0; b < blocks; b++) {
      q4kBlock(data, at + (long) b * Q4_K_BYTES, out, offset + b * BLOCK);
    }
  }

  /**
   * The 12 bytes of 6-bit numbers, as three ints a, b and c: scales 0 to 3 are the low bits of a's
   * bytes, minima 0 to 3 those of b's; the others have their low 4 bits in c (scales in the low
   * nibbles) and their high 2 bits on top of a and b.
   */
  private static void q4kBlock(MemorySegment data, long at, float[] out, int offset) {
    float d = Halves.read(data, at);
    float dmin = Halves.read(data, at + 2);
    int a = data.get(INT, at + 4);
    int b = data.get(INT, at + 8);
    int c = data.get(INT, at + 12);
    int lowScales = a & 0x3f3f3f3f;
    int lowMinima = b & 0x3f3f3f3f;
    int highScales = (c & 0x0f0f0f0f) | ((a >>> 2) & 0x30303030);
    int highMinima = ((c >>> 4) & 0x0f0f0f0f) | ((b >>> 2) & 0x30303030);
    for (int pair = 0; pair < 4; pair++) {
      int scales = (pair < 2 ? lowScales : highScales) >>> (16 * (pair & 1));
      int minima = (pair < 2 ? lowMinima : highMinima) >>> (16 * (pair & 1));
      q4kPair(
          data,
          at + 16 + pair * 32L,
          d * (scales & 255),
          -dmin * (minima & 255),
          d * ((scales >> 8) & 255),
          -dmin * ((minima >> 8) & 255),
          out,
          offset + pair * 64);
    }
  }

  private static void q4kPair(
      MemorySegment data,
      long at,
      float lowScale,
      float lowMinimum,
      float highScale,
      float highMinimum,
      float[] out,
      int offset) {
    for (int i = 0; i < 32; i += LANES) {
      IntVector pairs = Lanes.unsignedBytes(data, at + i);
      IntVector high = pairs.lanewise(VectorOperators.LSHR, 4);
      Lanes.toFloat(pairs.and(15)).fma(lowScale, lowMinimum).intoArray(out, offset + i);
      Lanes.toFloat(high).fma(highScale, highMinimum).intoArray(out, offset + 32 + i);
    }
  }

  static void q6k(MemorySegment data, long at, int blocks, float[] out, int offset) {
    for (int b = 0; b < blocks; b++) {
      long block = at + (long) b * Q6_K_BYTES;
      float d = Halves.read(data, block + 208);
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 32; i += LANES) {
          q6kQuarters(data, block, d, half, i, out, offset + b * BLOCK + half * 128 + i);
        }
      }
    }
  }

  /** {@link Lanes#LANES} elements of each of the four quarters that share bytes of high bits. */
  private static void q6kQuarters(
      MemorySegment data, long block, float d, int half, int i, float[] out, int offset) {
    IntVector low = Lanes.unsignedBytes(data, block + half * 64L + i);
    IntVector lowNext = Lanes.unsignedBytes(data, block + half * 64L + 32 + i);
    IntVector high = Lanes.unsignedBytes(data, block + 128 + half * 32L + i);
    IntVector high4 = high.lanewise(VectorOperators.LSHL, 4);
    IntVector high2 = high.lanewise(VectorOperators.LSHL, 2);
    long scales = block + 192 + half * 8L + i / 16;
    q6kStore(data, scales, d, low.and(15), high4, out, offset);
    q6kStore(data, scales + 2, d, lowNext.and(15), high2, out, offset + 32);
    IntVector lowUpper = low.lanewise(VectorOperators.LSHR, 4);
    q6kStore(data, scales + 4, d, lowUpper, high, out, offset + 64);
    IntVector nextUpper = lowNext.lanewise(VectorOperators.LSHR, 4);
    IntVector highest = high.lanewise(VectorOperators.LSHR, 2);
    q6kStore(data, scales + 6, d, nextUpper, highest, out, offset + 96);
  }

  private static void q6kStore(
      MemorySegment data,
      long scaleAt,
      float d,
      IntVector low,
      IntVector high,
      float[] out,
      int offset) {
    float scale = d * data.get(ValueLayout.JAVA_BYTE, scaleAt);
    IntVector q = low.or(high.and(0x30)).sub(32);
    Lanes.toFloat(q).mul(scale).intoArray(out, offset);
  }
}
