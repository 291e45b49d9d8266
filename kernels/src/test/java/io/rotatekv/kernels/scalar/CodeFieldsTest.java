package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads sections as a GPU does, by the words of {@code kernels/FORMAT.md}. */
class CodeFieldsTest {

  private static final KvShape SHAPE = new KvShape(1, 8, 64); // two chunks of four patches
  private static final int PATCHES = 8;

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void keysAreOperandsWithTokensAsRows(int bits) {
    int[][] codes = codes(bits, SHAPE.kvDim());
    MemorySegment section = section(CodeFields.ofKeys(SHAPE, bits), codes, bits, PATCHES);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < SHAPE.kvDim(); channel++) {
        double expected = codes[token][channel] - ((1 << bits) - 1) * 0.5;
        assertEquals(expected, operand(section, bits, channel / 64, token, channel % 64));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void valuesAreOperandsWithChannelsAsRows(int bits) {
    int[][] codes = codes(bits, SHAPE.kvDim());
    MemorySegment section = section(CodeFields.ofValues(SHAPE, bits), codes, bits, PATCHES);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < SHAPE.kvDim(); channel++) {
        double expected = codes[token][channel] - ((1 << bits) - 1) * 0.5;
        assertEquals(expected, operand(section, bits, channel / 64, channel % 64, token));
      }
    }
  }

  /** 96 channels take two patches, the second half full; 6 heads make two such chunks. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void chunkThatIsNoMultipleOf64BeginsAndEndsAtAPatch(int bits) {
    KvShape shape = new KvShape(1, 6, 32);
    int[][] codes = codes(bits, shape.kvDim());
    CodeFields keyFields = CodeFields.ofKeys(shape, bits);
    CodeFields valueFields = CodeFields.ofValues(shape, bits);
    MemorySegment keys = section(keyFields, codes, bits, 4);
    MemorySegment values = section(valueFields, codes, bits, 4);
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < shape.kvDim(); channel++) {
        assertEquals(codes[token][channel], keyFields.get(keys, 0, token, channel));
        assertEquals(codes[token][channel], valueFields.get(values, 0, token, channel));
        int patch = channel / 96 * 2 + channel % 96 / 64;
        double expected = codes[token][channel] - ((1 << bits) - 1) * 0.5;
        assertEquals(expected, operand(keys, bits, patch, token, channel % 96 % 64));
        assertEquals(expected, operand(values, bits, patch, channel % 96 % 64, token));
      }
      for (int unused = 32; unused < 64; unused++) {
        double blank = CodePatch.blank(bits) - ((1 << bits) - 1) * 0.5;
        for (int patch : new int[] {1, 3}) {
          assertEquals(blank, operand(keys, bits, patch, token, unused));
          assertEquals(blank, operand(values, bits, patch, unused, token));
        }
      }
    }
  }

  private static double operand(MemorySegment section, int bits, int patch, int row, int column) {
    double low = twoBits(section, patch, row, column);
    return switch (bits) {
      case 2 -> low;
      case 3 -> low + 4 * oneBit(section, patch, row, column);
      default -> low + 4 * twoBits(section, patches(section, bits) + patch, row, column);
    };
  }

  /** One of -1.5, -0.5, 0.5, 1.5: half of an FP8 denormal times 2^9. */
  private static double twoBits(MemorySegment section, int patch, int row, int column) {
    int lane = column % 16 / 4;
    int index = (row / 16 * 32 + row % 8 * 4 + lane) * 2 + row % 16 / 8;
    int word = word(section, patch * 256 + index);
    int operands =
        switch (column / 16) {
          case 0 -> word;
          case 1 -> word << 1;
          case 2 -> Integer.rotateRight(word, 4);
          default -> Integer.rotateRight(word, 3);
        };
    int fp8 = (operands & 0x82828282) >>> (column % 4 * 8) & 0xFF;
    double magnitude = (fp8 & 0x7F) == 2 ? 1.5 : 0.5;
    return fp8 >= 0x80 ? -magnitude : magnitude;
  }

  /** -0.5 or 0.5, from the plane after the low one. */
  private static double oneBit(MemorySegment section, int patch, int row, int column) {
    int index = row / 16 * 32 + row % 8 * 4 + column % 16 / 4;
    int word = word(section, patches(section, 3) * 256 + patch * 128 + index);
    int bit = column % 4 * 8 + 7 - column / 16 - row % 16 / 8 * 4;
    return (word >>> bit & 1) == 0 ? 0.5 : -0.5;
  }

  private static int word(MemorySegment section, int index) {
    return section.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * index);
  }

  private static int patches(MemorySegment section, int bits) {
    return (int) section.byteSize() / (512 * bits);
  }

  private static MemorySegment section(CodeFields fields, int[][] codes, int bits, int patches) {
    MemorySegment section = MemorySegment.ofArray(new byte[patches * 512 * bits]);
    for (int token = 0; token < codes.length; token++) {
      for (int channel = 0; channel < codes[token].length; channel++) {
        fields.set(section, 0, token, channel, codes[token][channel]);
      }
    }
    return section;
  }

  private static int[][] codes(int bits, int channels) {
    Random random = new Random(bits);
    int[][] codes = new int[BLOCK_TOKENS][];
    for (int token = 0; token < codes.length; token++) {
      codes[token] = random.ints(channels, 0, 1 << bits).toArray();
    }
    return codes;
  }
}
