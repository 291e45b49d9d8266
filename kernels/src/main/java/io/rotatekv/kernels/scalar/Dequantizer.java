package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Unpacks rows of every stored form into FP32. The block layouts are those of GGML ({@code
 * ggml-common.h}, {@code ggml-quants.c}). All products are exact in FP32: a weight is rounded once
 * at most, where a minimum is added, so any order of evaluation gives the same bits.
 */
final class Dequantizer {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Dequantizer() {}

  /** Unpacks row {@code row} of {@code w} into {@code out}, from {@code offset} on. */
  static void row(Matrix w, int row, float[] out, int offset) {
    int step = w.type().blockElements();
    int bytes = w.type().blockBytes();
    long start = row * w.rowBytes();
    MemorySegment data = w.data().asSlice(start, w.rowBytes());
    for (int k = 0; k < w.columns(); k += step) {
      long at = (long) (k / step) * bytes;
      switch (w.type()) {
        case F32 -> out[offset + k] = data.get(FLOAT, at);
        case F16 -> out[offset + k] = half(data, at);
        case BF16 -> out[offset + k] = Float.intBitsToFloat(data.get(SHORT, at) << 16);
        case Q4_0 -> q40(data, at, out, offset + k);
        case Q4_1 -> q41(data, at, out, offset + k);
        case Q8_0 -> q80(data, at, out, offset + k);
        case Q4_K -> q4k(data, at, out, offset + k);
        case Q6_K -> q6k(data, at, out, offset + k);
      }
    }
  }

  /** FP16 d; 16 bytes whose low nibbles are elements 0 to 15, the high ones 16 to 31. */
  private static void q40(MemorySegment data, long at, float[] out, int offset) {
    float d = half(data, at);
    for (int i = 0; i < 16; i++) {
      int pair = unsigned(data, at + 2 + i);
      out[offset + i] = d * ((pair & 15) - 8);
      out[offset + 16 + i] = d * ((pair >> 4) - 8);
    }
  }

  /** FP16 d, FP16 m; nibbles as in Q4_0. */
  private static void q41(MemorySegment data, long at, float[] out, int offset) {
    float d = half(data, at);
    float m = half(data, at + 2);
    for (int i = 0; i < 16; i++) {
      int pair = unsigned(data, at + 4 + i);
      out[offset + i] = d * (pair & 15) + m;
      out[offset + 16 + i] = d * (pair >> 4) + m;
    }
  }

  /** FP16 d; 32 signed bytes. */
  private static void q80(MemorySegment data, long at, float[] out, int offset) {
    float d = half(data, at);
    for (int i = 0; i < 32; i++) {
      out[offset + i] = d * data.get(ValueLayout.JAVA_BYTE, at + 2 + i);
    }
  }

  /**
   * FP16 d, FP16 dmin, 12 bytes of 6-bit scales and minima, then per 64 elements 32 bytes whose low
   * nibbles are one sub-block of 32 and whose high nibbles are the next.
   */
  private static void q4k(MemorySegment data, long at, float[] out, int offset) {
    float d = half(data, at);
    float dmin = half(data, at + 2);
    for (int sub = 0; sub < 8; sub++) {
      float scale = d * q4kScale(data, at + 4, sub);
      float minimum = dmin * q4kMinimum(data, at + 4, sub);
      int shift = (sub & 1) * 4;
      long quants = at + 16 + (sub >> 1) * 32L;
      for (int i = 0; i < 32; i++) {
        int q = (unsigned(data, quants + i) >> shift) & 15;
        out[offset + sub * 32 + i] = scale * q - minimum;
      }
    }
  }

  private static int q4kScale(MemorySegment data, long at, int sub) {
    if (sub < 4) {
      return unsigned(data, at + sub) & 63;
    }
    return (unsigned(data, at + sub + 4) & 15) | ((unsigned(data, at + sub - 4) >> 6) << 4);
  }

  private static int q4kMinimum(MemorySegment data, long at, int sub) {
    if (sub < 4) {
      return unsigned(data, at + sub + 4) & 63;
    }
    return (unsigned(data, at + sub + 4) >> 4) | ((unsigned(data, at + sub) >> 6) << 4);
  }

  /**
   * 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, FP16 d. In each half of
   * 128 elements, low nibbles hold elements 0 to 63 and high ones 64 to 127; byte l of the high
   * bits serves elements l, l + 32, l + 64 and l + 96.
   */
  private static void q6k(MemorySegment data, long at, float[] out, int offset) {
    float d = half(data, at + 208);
    for (int i = 0; i < 256; i++) {
      long half = i >> 7;
      int within = i & 127;
      int lowByte = unsigned(data, at + half * 64 + (within & 63));
      int highByte = unsigned(data, at + 128 + half * 32 + (within & 31));
      int low = (lowByte >> ((within >> 6) * 4)) & 15;
      int high = (highByte >> ((within >> 5) * 2)) & 3;
      int scale = data.get(ValueLayout.JAVA_BYTE, at + 192 + (i >> 4));
      out[offset + i] = d * scale * ((low | (high << 4)) - 32);
    }
  }

  private static int unsigned(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  private static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }
}
