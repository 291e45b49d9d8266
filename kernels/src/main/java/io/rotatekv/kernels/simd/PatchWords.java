package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.CodePatch.LANES;
import static io.rotatekv.kernels.codec.CodePatch.SIDE;
import static io.rotatekv.kernels.codec.CodePatch.THIRD_WORDS;
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

  /** Third bits lie in the upper half of each byte for a row, in the lower one for row + 8. */
  private static final int HALF = 4;

  private static final int HALF_ROWS = 8;

  /** Place in the order of computing, by word of a patch. */
  private static final int[] PLACES = new int[WORDS];

  /** The same for a plane of one bit: the place of the row whose bits are in the upper halves. */
  private static final int[] THIRD_PLACES = new int[THIRD_WORDS];

  static {
    for (int lane = 0; lane < LANES; lane++) {
      for (int row = SIDE - 1; row >= 0; row--) { // so that row stays and not row + 8
        PLACES[CodePatch.word(row, lane)] = lane * SIDE + row;
        THIRD_PLACES[CodePatch.thirdWord(row, lane)] = lane * SIDE + row;
      }
    }
  }

  private PatchWords() {}

  /**
   * Column of the patch by lane and plain field of its word. Fields are in the order of their
   * magnitudes in the word, in which register 1 comes before 0 and 3 before 2.
   */
  static int[] columns() {
    int[] columns = new int[SIDE];
    for (int i = 0; i < SIDE; i++) {
      int field = i % WORD_CODES;
      columns[i] = CodePatch.column(i / WORD_CODES, (field % 4) ^ 1, field / 4);
    }
    return columns;
  }

  /**
   * Writes both planes of a section.
   *
   * @param low plain fields of two bits; overwritten
   * @param high the same of the high bits, empty for codes of two bits; overwritten
   */
  static void write(
      int[] low, int[] high, int highBits, int[] section, MemorySegment block, int at) {
    SignMagnitude.fromCodes(low);
    toSection(low, section);
    MemorySegment.copy(section, 0, block, INT, at, section.length);
    int highAt = at + low.length * Integer.BYTES;
    if (highBits == 1) {
      ThirdBits.fromCodes(high);
      thirdToSection(high, section);
      MemorySegment.copy(section, 0, block, INT, highAt, section.length / 2);
    } else if (highBits == 2) {
      SignMagnitude.fromCodes(high);
      toSection(high, section);
      MemorySegment.copy(section, 0, block, INT, highAt, section.length);
    }
  }

  /** Reads as plain fields what {@link #write} wrote. */
  static void read(
      MemorySegment block, int at, int[] section, int highBits, int[] low, int[] high) {
    MemorySegment.copy(block, INT, at, section, 0, section.length);
    fromSection(section, low);
    SignMagnitude.toCodes(low);
    int highAt = at + low.length * Integer.BYTES;
    if (highBits == 1) {
      MemorySegment.copy(block, INT, highAt, section, 0, section.length / 2);
      thirdFromSection(section, high);
      ThirdBits.toCodes(high);
    } else if (highBits == 2) {
      MemorySegment.copy(block, INT, highAt, section, 0, section.length);
      fromSection(section, high);
      SignMagnitude.toCodes(high);
    }
  }

  private static void toSection(int[] words, int[] section) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        section[start + i] = words[start + PLACES[i]];
      }
    }
  }

  private static void fromSection(int[] section, int[] words) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < WORDS; i++) {
        words[start + PLACES[i]] = section[start + i];
      }
    }
  }

  private static void thirdToSection(int[] words, int[] section) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < THIRD_WORDS; i++) {
        int place = start + THIRD_PLACES[i];
        section[start / 2 + i] = words[place] | (words[place + HALF_ROWS] >>> HALF);
      }
    }
  }

  private static void thirdFromSection(int[] section, int[] words) {
    for (int start = 0; start < words.length; start += WORDS) {
      for (int i = 0; i < THIRD_WORDS; i++) {
        int place = start + THIRD_PLACES[i];
        words[place] = section[start / 2 + i];
        words[place + HALF_ROWS] = section[start / 2 + i] << HALF;
      }
    }
  }
}
