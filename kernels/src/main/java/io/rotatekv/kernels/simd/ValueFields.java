package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Packs and unpacks the codes of values, whose rows are channels. Encoding, lanes are tokens, and
 * the four codes of a byte of a word, 16 tokens apart, meet in one lane; tiles of such bytes are
 * transposed, so that lanes are channels and four bytes of a lane become a word. Decoding, lanes
 * are channels, as the output wants it.
 */
final class ValueFields {

  private static final int STEP = CodePatch.WORD_CODES;

  private final int highBits;
  private final int kvDim;
  private final int group;
  private final float[] codes; // (kvDim, 16), as bits: a byte of low fields, one of high fields
  private final float[] columns; // (16, LANES): the same with channels as lanes
  private final int[] low; // (patches, 4, 64)
  private final int[] high; // (patches, 4, 64)
  private final int[] section;

  ValueFields(KvShape shape, int bits) {
    highBits = bits - 2;
    kvDim = shape.kvDim();
    group = shape.group();
    codes = new float[kvDim * STEP];
    columns = new float[STEP * LANES];
    low = new int[kvDim * CodePatch.LANES];
    high = new int[highBits > 0 ? low.length : 0];
    section = new int[low.length];
  }

  /** Quantizes a strip; returns how many elements were clipped. Strips must come in order. */
  int quantize(float[] strip, float norm, int[] groups, int token, int top, GroupScales scales) {
    IntVector clipped = IntVector.zero(INTS);
    int shift = shift(token) % Byte.SIZE;
    int lane = token % STEP;
    for (int channel = 0; channel < kvDim; channel++) {
      IntVector level = StripQuantizer.level(strip, norm, channel, groups[channel], token, scales);
      IntVector code = StripQuantizer.clamp(level, top);
      clipped = StripQuantizer.countClipped(clipped, level, code);
      IntVector lower = code.and(3);
      IntVector upper = code.and(0xC).lanewise(VectorOperators.LSHL, Byte.SIZE - 2);
      IntVector placed = lower.or(upper).lanewise(VectorOperators.LSHL, shift);
      int at = channel * STEP + lane;
      if (token >= STEP) {
        placed = placed.or(FloatVector.fromArray(FLOATS, codes, at).reinterpretAsInts());
      }
      placed.reinterpretAsFloats().intoArray(codes, at);
    }
    return clipped.reduceLanes(VectorOperators.ADD);
  }

  /** Writes what all strips quantized. */
  void write(MemorySegment block, int at) {
    for (int channel = 0; channel < kvDim; channel += LANES) {
      Strips.load(codes, channel, STEP, columns);
      for (int lane = 0; lane < CodePatch.LANES; lane++) {
        join(lane, word(lane * CodePatch.LANES, channel));
      }
    }
    PatchWords.write(low, high, highBits, section, block, at);
  }

  /** Joins the fields of four tokens to the words of {@code LANES} channels. */
  private void join(int lane, int word) {
    IntVector lower = IntVector.zero(INTS);
    IntVector upper = IntVector.zero(INTS);
    for (int place = 0; place < CodePatch.LANES; place++) {
      IntVector fields =
          FloatVector.fromArray(FLOATS, columns, (lane * CodePatch.LANES + place) * LANES)
              .reinterpretAsInts();
      int shift = place * Byte.SIZE;
      lower = lower.or(fields.and(0xFF).lanewise(VectorOperators.LSHL, shift));
      upper =
          upper.or(
              fields
                  .lanewise(VectorOperators.LSHR, Byte.SIZE)
                  .lanewise(VectorOperators.LSHL, shift));
    }
    lower.intoArray(low, word);
    if (highBits > 0) {
      upper.intoArray(high, word);
    }
  }

  /** Reads the codes of a block for {@link #dequantize}. */
  void read(MemorySegment block, int at) {
    PatchWords.read(block, at, section, highBits, low, high);
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
    int shift = shift(token);
    int row = token * kvDim;
    for (int channel = start; channel < start + group; channel += LANES) {
      IntVector code =
          IntVector.fromArray(INTS, low, word(token, channel))
              .lanewise(VectorOperators.LSHR, shift)
              .and(3);
      value(code, offset, factor).intoArray(to, row + channel);
    }
  }

  private void dequantizeBoth(int token, int start, float offset, float factor, float[] to) {
    int shift = shift(token);
    int highMask = (1 << highBits) - 1;
    int row = token * kvDim;
    for (int channel = start; channel < start + group; channel += LANES) {
      int word = word(token, channel);
      IntVector code =
          IntVector.fromArray(INTS, low, word).lanewise(VectorOperators.LSHR, shift).and(3);
      IntVector top =
          IntVector.fromArray(INTS, high, word)
              .lanewise(VectorOperators.LSHR, shift)
              .and(highMask)
              .lanewise(VectorOperators.LSHL, 2);
      value(code.or(top), offset, factor).intoArray(to, row + channel);
    }
  }

  private static FloatVector value(IntVector code, float offset, float factor) {
    FloatVector level = (FloatVector) code.convertShape(VectorOperators.I2F, FLOATS, 0);
    return level.sub(offset).mul(factor);
  }

  /** Where the word is that has a token of a channel, and of those after it. */
  private static int word(int token, int channel) {
    return (channel / CodePatch.SIDE * CodePatch.LANES + CodePatch.lane(token)) * CodePatch.SIDE
        + channel % CodePatch.SIDE;
  }

  /** Where the plain field of a token starts in its word; see {@link PatchWords#columns}. */
  private static int shift(int token) {
    return token % CodePatch.LANES * Byte.SIZE + 2 * ((token / STEP) ^ 1);
  }
}
