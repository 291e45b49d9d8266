package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Unpacks the forms with blocks of 32. */
final class SmallBlocks {

  private static final int BLOCK = 32;
  private static final int HALF = BLOCK / 2;
  private static final int Q4_0_BYTES = 18;
  private static final int Q4_1_BYTES = 20;
  private static final int Q8_0_BYTES = 34;

  private SmallBlocks() {}

  static void q40(MemorySegment data, long at, int blocks, float[] out, int offset) {
    for (int b = 0; b < blocks; b++) {
      long block = at + (long) b * Q4_0_BYTES;
      float scale = Halves.read(data, block);
      centredNibbles(data, block + 2, scale, out, offset + b * BLOCK);
    }
  }

  static void q41(MemorySegment data, long at, int blocks, float[] out, int offset) {
    for (int b = 0; b < blocks; b++) {
      long block = at + (long) b * Q4_1_BYTES;
      float scale = Halves.read(data, block);
      float minimum = Halves.read(data, block + 2);
      nibbles(data, block + 4, scale, minimum, out, offset + b * BLOCK);
    }
  }

  static void q80(MemorySegment data, long at, int blocks, float[] out, int offset) {
    for (int b = 0; b < blocks; b++) {
      long block = at + (long) b * Q8_0_BYTES;
      float scale = Halves.read(data, block);
      for (int i = 0; i < BLOCK; i += LANES) {
        Lanes.signedBytes(data, block + 2 + i).mul(scale).intoArray(out, offset + b * BLOCK + i);
      }
    }
  }

  private static void nibbles(
      MemorySegment data, long at, float scale, float minimum, float[] out, int offset) {
    for (int i = 0; i < HALF; i += LANES) {
      IntVector pairs = Lanes.unsignedBytes(data, at + i);
      IntVector high = pairs.lanewise(VectorOperators.LSHR, 4);
      Lanes.toFloat(pairs.and(15)).fma(scale, minimum).intoArray(out, offset + i);
      Lanes.toFloat(high).fma(scale, minimum).intoArray(out, offset + HALF + i);
    }
  }

  private static void centredNibbles(
      MemorySegment data, long at, float scale, float[] out, int offset) {
    for (int i = 0; i < HALF; i += LANES) {
      IntVector pairs = Lanes.unsignedBytes(data, at + i);
      IntVector high = pairs.lanewise(VectorOperators.LSHR, 4).sub(8);
      Lanes.toFloat(pairs.and(15).sub(8)).mul(scale).intoArray(out, offset + i);
      Lanes.toFloat(high).mul(scale).intoArray(out, offset + HALF + i);
    }
  }
}
