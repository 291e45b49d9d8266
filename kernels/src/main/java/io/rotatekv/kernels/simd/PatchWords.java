package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.CodePatch.LANES;
import static io.rotatekv.kernels.codec.CodePatch.SIDE;
import static io.rotatekv.kernels.codec.CodePatch.WORDS;
import static io.rotatekv.kernels.codec.CodePatch.WORD_CODES;

import io.rotatekv.kernels.codec.CodePatch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Moves words between the order of the block and that of computing, {@code (patches, 4, 64)}: lanes
 * of a patch, then its rows.
 */
final class PatchWords {

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int[] WORD = new int[WORDS];
  private static final int[] THIRD_WORD = new int[WORDS];

  static {
    for (int lane = 0; lane < LANES; lane++) {
      for (int row = 0; row < SIDE; row++) {
        WORD[lane * SIDE + row] = CodePatch.word(row, lane);
        THIRD_WORD[lane * SIDE + row] = CodePatch.thirdWord(row, lane);
      }
    }
  }

  /** Third bits lie in the upper half of each byte for one row, in the lower for the other. */
  private static final int HALF = 4;

  private static final int UPPER = 0xF0F0F0F0;

  private PatchWords() {}

  /** Column of the patch by lane and plain field of its word. */
  static int[] columns() {
    int[] columns = new int[SIDE];
    for (int i = 0; i < SIDE; i++) {
      int field = i % WORD_CODES;
      // Registers 0 and 1, and 2 and 3, have their magnitudes in falling order.
      columns[i] = CodePatch.column(i / WORD_CODES, (field % 4) ^ 1, field / 4);
    }
    return columns;
  }

  /** Writes both planes of a section, {@code high} being empty for codes of two bits. */
  static void write(
      int[] low, int[] high, int highBits, int[] section, MemorySegment block, int at) {
    toSection(low, section);
    MemorySegment.copy(section, 0, block, INT, at, section.length);
    int highAt = at + low.length * Integer.BYTES;
    if (highBits == 1) {
      thirdToSection(high, section);
      MemorySegment.copy(section, 0, block, INT, highAt, section.length / 2);
    } else if (highBits == 2) {
      toSection(high, section);
      MemorySegment.copy(section, 0, block, INT, highAt, section.length);
    }
  }

  /** Undoes {@link #write}. */
  static void read(
      MemorySegment block, int at, int[] section, int highBits, int[] low, int[] high) {
    MemorySegment.copy(block, INT, at, section, 0, section.length);
    fromSection(section, low);
    int highAt = at + low.length * Integer.BYTES;
    if (highBits == 1) {
      MemorySegment.copy(block, INT, highAt, section, 0, section.length / 2);
      thirdFromSection(section, high);
    } else if (highBits == 2) {
      MemorySegment.copy(block, INT, highAt, section, 0, section.length);
      fromSection(section, high);
    }
  }

  /** From the order of computing to that of a plane of two bits. */
  private static void toSection(int[] words, int[] section) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        section[start + WORD[i]] = words[start + i];
      }
    }
  }

  /** Undoes {@link #toSection}. */
  private static void fromSection(int[] section, int[] words) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        words[start + i] = section[start + WORD[i]];
      }
    }
  }

  /** From the order of computing to that of a plane of one bit; two rows share a word. */
  private static void thirdToSection(int[] words, int[] section) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        int to = start / 2 + THIRD_WORD[i];
        boolean upper = i / (SIDE / 8) % 2 == 0;
        section[to] = upper ? words[start + i] : section[to] | (words[start + i] >>> HALF);
      }
    }
  }

  /** Undoes {@link #thirdToSection}. */
  private static void thirdFromSection(int[] section, int[] words) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        int word = section[start / 2 + THIRD_WORD[i]];
        boolean upper = i / (SIDE / 8) % 2 == 0;
        words[start + i] = (upper ? word : word << HALF) & UPPER;
      }
    }
  }
}
