package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.CodePatch.SIDE;

import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Where the code of an element lies. A section holds one plane of the low two bits of all codes
 * and, for 3 and 4 bits, one plane of the high bits. A plane is a sequence of {@link CodePatch}es,
 * in the order of channels, each chunk (the heads that are rotated together) beginning a new one.
 * Rows of a patch are what a GPU multiplies from the left: tokens for keys, channels for values.
 */
final class CodeFields {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int LOW_BITS = 2;

  private final boolean tokenRows;
  private final int highBits;
  private final int planeBytes; // of the low plane
  private final int[] patch; // by channel
  private final int[] inPatch; // by channel: its row or column

  private CodeFields(KvShape shape, int bits, boolean tokenRows) {
    this.tokenRows = tokenRows;
    highBits = bits - LOW_BITS;
    int order = shape.rotationOrder();
    int patches = CodePatch.patches(order);
    planeBytes = shape.kvDim() / order * patches * CodePatch.WORDS * Integer.BYTES;
    patch = new int[shape.kvDim()];
    inPatch = new int[shape.kvDim()];
    for (int channel = 0; channel < shape.kvDim(); channel++) {
      patch[channel] = channel / order * patches + channel % order / SIDE;
      inPatch[channel] = channel % order % SIDE;
    }
  }

  static CodeFields ofKeys(KvShape shape, int bits) {
    return new CodeFields(shape, bits, true);
  }

  static CodeFields ofValues(KvShape shape, int bits) {
    return new CodeFields(shape, bits, false);
  }

  /** Stores a code in a section that starts at {@code at} and was filled with zeros. */
  void set(MemorySegment block, int at, int token, int channel, int code) {
    int row = tokenRows ? token : inPatch[channel];
    int column = tokenRows ? inPatch[channel] : token;
    setTwoBits(block, at, patch[channel], row, column, code & 3);
    if (highBits == 1) {
      int word = thirdWordAt(at + planeBytes, patch[channel], row, column);
      int bit = 1 << CodePatch.thirdBit(row, column);
      block.set(INT, word, block.get(INT, word) | (code >> LOW_BITS == 0 ? bit : 0));
    } else if (highBits == 2) {
      setTwoBits(block, at + planeBytes, patch[channel], row, column, code >> LOW_BITS);
    }
  }

  int get(MemorySegment block, int at, int token, int channel) {
    int row = tokenRows ? token : inPatch[channel];
    int column = tokenRows ? inPatch[channel] : token;
    int low = getTwoBits(block, at, patch[channel], row, column);
    return switch (highBits) {
      case 0 -> low;
      case 1 -> {
        int word = block.get(INT, thirdWordAt(at + planeBytes, patch[channel], row, column));
        int bit = ~word >>> CodePatch.thirdBit(row, column) & 1;
        yield low | bit << LOW_BITS;
      }
      default -> low | getTwoBits(block, at + planeBytes, patch[channel], row, column) << LOW_BITS;
    };
  }

  private static void setTwoBits(
      MemorySegment block, int at, int patch, int row, int column, int code) {
    int word = wordAt(at, patch, row, column);
    int negative = code < 2 ? 1 << CodePatch.signBit(column) : 0;
    int large = code == 0 || code == 3 ? 1 << CodePatch.magnitudeBit(column) : 0;
    block.set(INT, word, block.get(INT, word) | negative | large);
  }

  private static int getTwoBits(MemorySegment block, int at, int patch, int row, int column) {
    int word = block.get(INT, wordAt(at, patch, row, column));
    boolean negative = (word >>> CodePatch.signBit(column) & 1) != 0;
    boolean large = (word >>> CodePatch.magnitudeBit(column) & 1) != 0;
    return negative ? (large ? 0 : 1) : large ? 3 : 2;
  }

  private static int wordAt(int at, int patch, int row, int column) {
    int word = patch * CodePatch.WORDS + CodePatch.word(row, CodePatch.lane(column));
    return at + word * Integer.BYTES;
  }

  private static int thirdWordAt(int at, int patch, int row, int column) {
    int word = patch * CodePatch.THIRD_WORDS + CodePatch.thirdWord(row, CodePatch.lane(column));
    return at + word * Integer.BYTES;
  }
}
