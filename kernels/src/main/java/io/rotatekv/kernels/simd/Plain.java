package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.Lanes.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Unpacks the forms without blocks; their rows may have any length. */
final class Plain {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Plain() {}

  static void f32(MemorySegment data, long at, int count, float[] out, int offset) {
    MemorySegment.copy(data, FLOAT, at, out, offset, count);
  }

  static void f16(MemorySegment data, long at, int count, float[] out, int offset) {
    int whole = count - count % LANES;
    for (int i = 0; i < whole; i += LANES) {
      Lanes.fromHalf(Lanes.highShorts(data, at + 2L * i)).intoArray(out, offset + i);
    }
    for (int i = whole; i < count; i++) {
      out[offset + i] = Halves.read(data, at + 2L * i);
    }
  }

  static void bf16(MemorySegment data, long at, int count, float[] out, int offset) {
    int whole = count - count % LANES;
    for (int i = 0; i < whole; i += LANES) {
      Lanes.highShorts(data, at + 2L * i).reinterpretAsFloats().intoArray(out, offset + i);
    }
    for (int i = whole; i < count; i++) {
      out[offset + i] = Float.intBitsToFloat(data.get(SHORT, at + 2L * i) << Short.SIZE);
    }
  }
}
