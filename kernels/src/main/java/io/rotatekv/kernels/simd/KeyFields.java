package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Packs and unpacks the codes of keys, whose rows are tokens, as the lanes are: a word of 16 codes
 * is assembled in one register without shuffles, and only words, a sixteenth of the elements, are
 * moved to their place in the patch.
 */
final class KeyFields {

  private static final int FIELDS = CodePatch.WORD_CODES;

  private final int highBits;
  private final int chunkWords;
  private final int[] channels; // (words of all chunks, 16)
  private final int[] low; // (words, 64)
  private final int[] high; // (words, 64): the high bits of the same 16 codes
  private final int[] section;
  private final int[] clipped = new int[LANES];

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
  int quantize(float[] strip, float norm, int[] groups, int token, int top, GroupScales scales) {
    Arrays.fill(clipped, 0);
    for (int word = 0; word < channels.length / FIELDS; word++) {
      if (highBits == 0) {
        quantizeLow(strip, norm, groups, token, word, top, scales);
      } else {
        quantizeBoth(strip, norm, groups, token, word, top, scales);
      }
    }
    return IntVector.fromArray(INTS, clipped, 0).reduceLanes(VectorOperators.ADD);
  }

  private void quantizeLow(
      float[] strip, float norm, int[] groups, int token, int word, int top, GroupScales scales) {
    IntVector count = IntVector.fromArray(INTS, clipped, 0);
    IntVector packed = IntVector.zero(INTS);
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector level = StripQuantizer.level(strip, norm, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      count = StripQuantizer.countClipped(count, level, code);
      packed = packed.or(code.and(3).lanewise(VectorOperators.LSHL, 2 * field));
    }
    packed.intoArray(low, word * BLOCK_TOKENS + token);
    count.intoArray(clipped, 0);
  }

  private void quantizeBoth(
      float[] strip, float norm, int[] groups, int token, int word, int top, GroupScales scales) {
    IntVector count = IntVector.fromArray(INTS, clipped, 0);
    IntVector packed = IntVector.zero(INTS);
    IntVector packedHigh = IntVector.zero(INTS);
    int highMask = (1 << highBits) - 1;
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector level = StripQuantizer.level(strip, norm, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      count = StripQuantizer.countClipped(count, level, code);
      packed = packed.or(code.and(3).lanewise(VectorOperators.LSHL, 2 * field));
      IntVector upper = code.lanewise(VectorOperators.LSHR, 2).and(highMask);
      packedHigh = packedHigh.or(upper.lanewise(VectorOperators.LSHL, 2 * field));
    }
    packed.intoArray(low, word * BLOCK_TOKENS + token);
    packedHigh.intoArray(high, word * BLOCK_TOKENS + token);
    count.intoArray(clipped, 0);
  }

  /** Writes what all strips quantized. */
  void write(MemorySegment block, int at) {
    PatchWords.write(low, high, highBits, section, block, at);
  }

  /** Reads the codes of a block for {@link #dequantize}. */
  void read(MemorySegment block, int at) {
    PatchWords.read(block, at, section, highBits, low, high);
  }

  /**
   * Dequantizes one chunk of a strip.
   *
   * @param chunk gets {@code (rotationOrder, LANES)}
   */
  void dequantize(int first, int[] groups, int token, GroupScales scales, float[] chunk) {
    int firstWord = first / FIELDS;
    for (int word = firstWord; word < firstWord + chunkWords; word++) {
      if (highBits > 0) {
        dequantizeBoth(word, first, groups, token, scales, chunk);
      } else {
        dequantizeLow(word, first, groups, token, scales, chunk);
      }
    }
  }

  private void dequantizeLow(
      int word, int first, int[] groups, int token, GroupScales scales, float[] chunk) {
    IntVector packed = IntVector.fromArray(INTS, low, word * BLOCK_TOKENS + token);
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector code = packed.lanewise(VectorOperators.LSHR, 2 * field).and(3);
      value(code, groups[channel], token, scales).intoArray(chunk, (channel - first) * LANES);
    }
  }

  private void dequantizeBoth(
      int word, int first, int[] groups, int token, GroupScales scales, float[] chunk) {
    IntVector packed = IntVector.fromArray(INTS, low, word * BLOCK_TOKENS + token);
    IntVector upper = IntVector.fromArray(INTS, high, word * BLOCK_TOKENS + token);
    int highMask = (1 << highBits) - 1;
    for (int field = 0; field < FIELDS; field++) {
      int channel = channels[word * FIELDS + field];
      IntVector code = packed.lanewise(VectorOperators.LSHR, 2 * field).and(3);
      IntVector top = upper.lanewise(VectorOperators.LSHR, 2 * field).and(highMask);
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
    int[] columns = PatchWords.columns();
    int[] channels = new int[shape.kvDim()];
    for (int i = 0; i < channels.length; i++) {
      channels[i] = i / CodePatch.SIDE * CodePatch.SIDE + columns[i % CodePatch.SIDE];
    }
    return channels;
  }
}
