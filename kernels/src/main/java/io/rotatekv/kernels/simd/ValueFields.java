package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.FieldOrder;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Packs and unpacks the codes of values, whose fields run over tokens: 4 words of the low plane per
 * channel. Encoding, lanes are tokens: tokens 16 apart meet in one lane, the rest is joined by
 * scalar code, four elements at a time. Decoding, lanes are channels, as the output wants it.
 */
final class ValueFields {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int STEP = 16;
  private static final int WORDS = BLOCK_TOKENS / STEP;

  private final int highBits;
  private final int kvDim;
  private final int group;
  private final int[] fields;
  private final int[] codes; // (kvDim, 16): byte j of int r is the code of token 16 j + r
  private final int[] low; // (4, kvDim)
  private final int[] high; // (4, kvDim) or, with one bit per field, (2, kvDim)
  private final int[] section;

  ValueFields(KvShape shape, int bits) {
    highBits = bits - 2;
    kvDim = shape.kvDim();
    group = shape.group();
    fields = FieldOrder.fields(BLOCK_TOKENS);
    codes = new int[kvDim * STEP];
    low = new int[kvDim * WORDS];
    high = new int[low.length * highBits / 2];
    section = new int[low.length];
  }

  /** Quantizes a strip; returns how many elements were clipped. Strips must come in order. */
  int quantize(float[] strip, int[] groups, int token, int top, GroupScales scales) {
    IntVector clipped = IntVector.zero(INTS);
    int shift = token / STEP * Byte.SIZE;
    int lane = token % STEP;
    for (int channel = 0; channel < kvDim; channel++) {
      IntVector level = StripQuantizer.level(strip, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      clipped = StripQuantizer.countClipped(clipped, level, code);
      IntVector placed = code.and(0xF).lanewise(VectorOperators.LSHL, shift);
      int at = channel * STEP + lane;
      if (shift == 0) {
        placed.intoArray(codes, at);
      } else {
        placed.or(IntVector.fromArray(INTS, codes, at)).intoArray(codes, at);
      }
    }
    return clipped.reduceLanes(VectorOperators.ADD);
  }

  /** Writes what all strips quantized. */
  void write(MemorySegment block, int at) {
    joinTwoBits(0);
    MemorySegment.copy(section, 0, block, INT, at, section.length);
    if (highBits == 2) {
      joinTwoBits(2);
    } else if (highBits == 1) {
      joinOneBit();
    }
    if (highBits > 0) {
      int highAt = at + low.length * Integer.BYTES;
      MemorySegment.copy(section, 0, block, INT, highAt, high.length);
    }
  }

  /** Reads the codes of a block for {@link #dequantize}. */
  void read(MemorySegment block, int at) {
    MemorySegment.copy(block, INT, at, section, 0, low.length);
    transpose(low, WORDS);
    if (highBits > 0) {
      int highAt = at + low.length * Integer.BYTES;
      MemorySegment.copy(block, INT, highAt, section, 0, high.length);
      transpose(high, WORDS * highBits / 2);
    }
  }

  /** Dequantizes all tokens into {@code (64, kvDim)}. */
  void dequantize(GroupScales scales, float[] to) {
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int start = 0; start < kvDim; start += group) {
        int index = start / group * BLOCK_TOKENS + token;
        float offset = scales.offsets[index];
        float factor = scales.factors[index];
        if (highBits == 0) {
          dequantizeLow(token, start, offset, factor, to);
        } else {
          dequantizeBoth(token, start, offset, factor, to);
        }
      }
    }
  }

  private void dequantizeLow(int token, int start, float offset, float factor, float[] to) {
    int words = fields[token] / STEP * kvDim;
    int shift = fields[token] % STEP * 2;
    int row = token * kvDim;
    for (int channel = start; channel < start + group; channel += LANES) {
      IntVector code =
          IntVector.fromArray(INTS, low, words + channel)
              .lanewise(VectorOperators.LSHR, shift)
              .and(3);
      value(code, offset, factor).intoArray(to, row + channel);
    }
  }

  private void dequantizeBoth(int token, int start, float offset, float factor, float[] to) {
    int words = fields[token] / STEP * kvDim;
    int shift = fields[token] % STEP * 2;
    int bit = fields[token] * highBits;
    int highWords = bit / Integer.SIZE * kvDim;
    int highShift = bit % Integer.SIZE;
    int highMask = (1 << highBits) - 1;
    int row = token * kvDim;
    for (int channel = start; channel < start + group; channel += LANES) {
      IntVector code =
          IntVector.fromArray(INTS, low, words + channel)
              .lanewise(VectorOperators.LSHR, shift)
              .and(3);
      IntVector top =
          IntVector.fromArray(INTS, high, highWords + channel)
              .lanewise(VectorOperators.LSHR, highShift)
              .and(highMask)
              .lanewise(VectorOperators.LSHL, 2);
      value(code.or(top), offset, factor).intoArray(to, row + channel);
    }
  }

  private static FloatVector value(IntVector code, float offset, float factor) {
    FloatVector level = (FloatVector) code.convertShape(VectorOperators.I2F, FLOATS, 0);
    return level.sub(offset).mul(factor);
  }

  /** The two bits from {@code shift} on of every code, in the order of fields. */
  private void joinTwoBits(int shift) {
    for (int channel = 0; channel < kvDim; channel++) {
      for (int lane = 0; lane < WORDS; lane++) {
        int at = channel * STEP + 2 * lane;
        int a = codes[at] >>> shift & 0x03030303;
        int b = codes[at + 1] >>> shift & 0x03030303;
        int c = codes[at + 8] >>> shift & 0x03030303;
        int d = codes[at + 9] >>> shift & 0x03030303;
        section[channel * WORDS + lane] = a | b << 2 | c << 4 | d << 6;
      }
    }
  }

  /** The third bit of every code, in the order of fields. */
  private void joinOneBit() {
    for (int channel = 0; channel < kvDim; channel++) {
      int at = channel * STEP;
      section[channel * 2] = nibbles(at) | nibbles(at + 2) << 16;
      section[channel * 2 + 1] = nibbles(at + 4) | nibbles(at + 6) << 16;
    }
  }

  /** The 16 fields of one lane of the field order. */
  private int nibbles(int at) {
    int a = codes[at] >>> 2 & 0x01010101;
    int b = codes[at + 1] >>> 2 & 0x01010101;
    int c = codes[at + 8] >>> 2 & 0x01010101;
    int d = codes[at + 9] >>> 2 & 0x01010101;
    int bytes = a | b << 1 | c << 2 | d << 3;
    int pairs = (bytes | bytes >>> 4) & 0x00FF00FF;
    return (pairs | pairs >>> 8) & 0xFFFF;
  }

  private void transpose(int[] to, int words) {
    for (int channel = 0; channel < kvDim; channel++) {
      for (int word = 0; word < words; word++) {
        to[word * kvDim + channel] = section[channel * words + word];
      }
    }
  }
}
