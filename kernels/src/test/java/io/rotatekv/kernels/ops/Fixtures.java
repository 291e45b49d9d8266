package io.rotatekv.kernels.ops;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Random inputs and weights, the same for the same seed. */
final class Fixtures {

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private Fixtures() {}

  static float[] floats(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** A matrix of random blocks in native memory at an odd address, as a mapped file may have it. */
  static Matrix matrix(TensorType type, int rows, int columns, long seed) {
    Random random = new Random(seed);
    byte[] bytes = new byte[Math.toIntExact(type.rowBytes(columns) * rows)];
    random.nextBytes(bytes);
    MemorySegment data = Arena.ofAuto().allocate(bytes.length + 1L, 64).asSlice(1, bytes.length);
    MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
    for (long at = 0; at < bytes.length; at += type.blockBytes()) {
      makeFinite(type, data, at, random);
    }
    return new Matrix(type, data, rows, columns);
  }

  private static void makeFinite(TensorType type, MemorySegment data, long at, Random random) {
    float small = (float) random.nextGaussian() * 0.01f;
    switch (type) {
      case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, small);
      case F16, Q4_0, Q8_0 -> data.set(SHORT, at, Float.floatToFloat16(small));
      case BF16 -> data.set(SHORT, at, (short) (Float.floatToRawIntBits(small) >>> 16));
      case Q4_1, Q4_K -> {
        data.set(SHORT, at, Float.floatToFloat16(small));
        data.set(SHORT, at + 2, Float.floatToFloat16((float) random.nextGaussian() * 0.01f));
      }
      case Q6_K -> data.set(SHORT, at + 208, Float.floatToFloat16(small));
    }
  }
}
