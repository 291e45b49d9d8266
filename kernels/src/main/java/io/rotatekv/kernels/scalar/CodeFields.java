package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.FieldOrder;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where the code of an element lies. A section holds one plane of the low two bits of all codes
 * and, for 3 and 4 bits, one plane of the high bits. A plane of width w is an array of fields of w
 * bits, field i in the bits {@code w i} and up of the plane taken as one little-endian number.
 *
 * <p>Fields of keys are {@code (chunks, 64, heads of a chunk, headDim)}, a chunk being the heads
 * that are rotated together; fields of values are {@code (kvDim, 64)}. The last dimension is in
 * {@link FieldOrder}.
 */
final class CodeFields {

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  private static final int LOW_BITS = 2;

  private final int highBits;
  private final int planeBytes;
  private final int[] tokenField; // what each token adds to the number of a field
  private final int[] channelField;

  private CodeFields(KvShape shape, int bits, int[] tokenField, int[] channelField) {
    highBits = bits - LOW_BITS;
    planeBytes = BLOCK_TOKENS * shape.kvDim() * LOW_BITS / Byte.SIZE;
    this.tokenField = tokenField;
    this.channelField = channelField;
  }

  static CodeFields ofKeys(KvShape shape, int bits) {
    int order = shape.rotationOrder();
    int[] tokenField = new int[BLOCK_TOKENS];
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      tokenField[token] = token * order;
    }
    int[] inHead = FieldOrder.fields(shape.headDim());
    int[] channelField = new int[shape.kvDim()];
    for (int channel = 0; channel < shape.kvDim(); channel++) {
      int chunk = channel / order;
      int head = channel % order / shape.headDim();
      channelField[channel] =
          chunk * BLOCK_TOKENS * order + head * shape.headDim() + inHead[channel % shape.headDim()];
    }
    return new CodeFields(shape, bits, tokenField, channelField);
  }

  static CodeFields ofValues(KvShape shape, int bits) {
    int[] channelField = new int[shape.kvDim()];
    for (int channel = 0; channel < shape.kvDim(); channel++) {
      channelField[channel] = channel * BLOCK_TOKENS;
    }
    return new CodeFields(shape, bits, FieldOrder.fields(BLOCK_TOKENS), channelField);
  }

  /** Stores a code in a section that starts at {@code at} and was filled with zeros. */
  void set(MemorySegment block, int at, int token, int channel, int code) {
    int field = tokenField[token] + channelField[channel];
    or(block, at, field, LOW_BITS, code & 3);
    if (highBits > 0) {
      or(block, at + planeBytes, field, highBits, code >> LOW_BITS);
    }
  }

  int get(MemorySegment block, int at, int token, int channel) {
    int field = tokenField[token] + channelField[channel];
    int low = read(block, at, field, LOW_BITS);
    return highBits == 0 ? low : low | read(block, at + planeBytes, field, highBits) << LOW_BITS;
  }

  private static void or(MemorySegment block, int at, int field, int width, int value) {
    int bit = field * width;
    int old = block.get(BYTE, at + bit / Byte.SIZE);
    block.set(BYTE, at + bit / Byte.SIZE, (byte) (old | value << bit % Byte.SIZE));
  }

  private static int read(MemorySegment block, int at, int field, int width) {
    int bit = field * width;
    return block.get(BYTE, at + bit / Byte.SIZE) >> bit % Byte.SIZE & (1 << width) - 1;
  }
}
