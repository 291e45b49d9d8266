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
 * Packs and unpacks the codes of keys. A token's row is read as 32-bit words, 16 fields of the low
 * plane each; lanes are tokens, so a word is assembled in one register without shuffles, and only
 * words, a sixteenth of the elements, are transposed.
 */
final class KeyFields {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int FIELDS = 16;

  private final int highBits;
  private final int chunkWords;
  private final int[] channels; // (words of all chunks, 16)
  private final int[] low; // (words, 64)
  private final int[] high; // (words, 64): the high bits of the same 16 fields
  private final int[] section;

  KeyFields(KvShape shape, int bits) {
    highBits = bits - 2;
    chunkWords = shape.rotationOrder() / FIELDS;
    int words = shape.kvDim() / FIELDS;
    channels = channels(shape);
    low = new int[words * BLOCK_TOKENS];
    high = new int[highBits > 0 ? low.length : 0];
    section = new int[low.length];
  }

  /** Quantizes a strip; returns how many elements were clipped. */
  int quantize(float[] strip, int[] groups, int token, int top, GroupScales scales) {
    IntVector clipped = IntVector.zero(INTS);
    for (int word = 0; word < channels.length / FIELDS; word++) {
      clipped =
          highBits == 0
              ? quantizeLow(strip, groups, token, word, top, scales, clipped)
              : quantizeBoth(strip, groups, token, word, top, scales, clipped);
    }
    return clipped.reduceLanes(VectorOperators.ADD);
  }

  private IntVector quantizeLow(
      float[] strip,
      int[] groups,
      int token,
      int word,
      int top,
      GroupScales scales,
      IntVector clipped) {
    IntVector packed = IntVector.zero(INTS);
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector level = StripQuantizer.level(strip, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      clipped = StripQuantizer.countClipped(clipped, level, code);
      packed = packed.or(code.and(3).lanewise(VectorOperators.LSHL, 2 * field));
    }
    packed.intoArray(low, word * BLOCK_TOKENS + token);
    return clipped;
  }

  private IntVector quantizeBoth(
      float[] strip,
      int[] groups,
      int token,
      int word,
      int top,
      GroupScales scales,
      IntVector clipped) {
    IntVector packed = IntVector.zero(INTS);
    IntVector packedHigh = IntVector.zero(INTS);
    int highMask = (1 << highBits) - 1;
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector level = StripQuantizer.level(strip, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      clipped = StripQuantizer.countClipped(clipped, level, code);
      packed = packed.or(code.and(3).lanewise(VectorOperators.LSHL, 2 * field));
      IntVector upper = code.lanewise(VectorOperators.LSHR, 2).and(highMask);
      packedHigh = packedHigh.or(upper.lanewise(VectorOperators.LSHL, highBits * field));
    }
    packed.intoArray(low, word * BLOCK_TOKENS + token);
    packedHigh.intoArray(high, word * BLOCK_TOKENS + token);
    return clipped;
  }

  /** Writes what all strips quantized. */
  void write(MemorySegment block, int at) {
    Words.toRows(low, section, chunkWords);
    MemorySegment.copy(section, 0, block, INT, at, section.length);
    if (highBits > 0) {
      Words.toRows(high, section, chunkWords);
      int words = highBits == 2 ? section.length : Words.joinHalves(section);
      MemorySegment.copy(section, 0, block, INT, at + low.length * Integer.BYTES, words);
    }
  }

  /** Reads the codes of a block for {@link #dequantize}. */
  void read(MemorySegment block, int at) {
    MemorySegment.copy(block, INT, at, section, 0, section.length);
    Words.toColumns(section, low, chunkWords);
    if (highBits > 0) {
      int words = highBits == 2 ? section.length : section.length / 2;
      MemorySegment.copy(block, INT, at + low.length * Integer.BYTES, section, 0, words);
      if (highBits == 1) {
        Words.splitHalves(section);
      }
      Words.toColumns(section, high, chunkWords);
    }
  }

  /**
   * Dequantizes one chunk of a strip.
   *
   * @param mean what is added to each channel; empty for nothing
   * @param chunk gets {@code (rotationOrder, LANES)}
   */
  void dequantize(
      int first, int[] groups, int token, GroupScales scales, float[] mean, float[] chunk) {
    int firstWord = first / FIELDS;
    for (int word = firstWord; word < firstWord + chunkWords; word++) {
      IntVector packed = IntVector.fromArray(INTS, low, word * BLOCK_TOKENS + token);
      if (highBits > 0) {
        IntVector upper = IntVector.fromArray(INTS, high, word * BLOCK_TOKENS + token);
        dequantizeBoth(packed, upper, word, first, groups, token, scales, chunk);
      } else if (mean.length > 0) {
        dequantizeCentred(packed, word, first, groups, token, scales, mean, chunk);
      } else {
        dequantizeLow(packed, word, first, groups, token, scales, chunk);
      }
    }
  }

  private void dequantizeLow(
      IntVector packed,
      int word,
      int first,
      int[] groups,
      int token,
      GroupScales scales,
      float[] chunk) {
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector code = packed.lanewise(VectorOperators.LSHR, 2 * field).and(3);
      value(code, groups[channel], token, scales).intoArray(chunk, (channel - first) * LANES);
    }
  }

  private void dequantizeCentred(
      IntVector packed,
      int word,
      int first,
      int[] groups,
      int token,
      GroupScales scales,
      float[] mean,
      float[] chunk) {
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector code = packed.lanewise(VectorOperators.LSHR, 2 * field).and(3);
      value(code, groups[channel], token, scales)
          .add(mean[channel])
          .intoArray(chunk, (channel - first) * LANES);
    }
  }

  private void dequantizeBoth(
      IntVector packed,
      IntVector upper,
      int word,
      int first,
      int[] groups,
      int token,
      GroupScales scales,
      float[] chunk) {
    int highMask = (1 << highBits) - 1;
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector code = packed.lanewise(VectorOperators.LSHR, 2 * field).and(3);
      IntVector top = upper.lanewise(VectorOperators.LSHR, highBits * field).and(highMask);
      value(code.or(top.lanewise(VectorOperators.LSHL, 2)), groups[channel], token, scales)
          .intoArray(chunk, (channel - first) * LANES);
    }
  }

  private static FloatVector value(IntVector code, int group, int token, GroupScales scales) {
    int index = group * BLOCK_TOKENS + token;
    FloatVector level = (FloatVector) code.convertShape(VectorOperators.I2F, FLOATS, 0);
    return level
        .sub(FloatVector.fromArray(FLOATS, scales.offsets, index))
        .mul(FloatVector.fromArray(FLOATS, scales.factors, index));
  }

  private static int[] channels(KvShape shape) {
    int[] inHead = FieldOrder.elements(shape.headDim());
    int[] channels = new int[shape.kvDim()];
    for (int i = 0; i < channels.length; i++) {
      channels[i] = i / shape.headDim() * shape.headDim() + inHead[i % shape.headDim()];
    }
    return channels;
  }
}
