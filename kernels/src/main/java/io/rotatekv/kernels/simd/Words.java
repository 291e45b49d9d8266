package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

/** Moves packed words between the order of computing and the order of the block. */
final class Words {

  private static final int HALF_BITS = 16;

  private Words() {}

  /** From {@code (chunks, rowWords, 64)} to {@code (chunks, 64, rowWords)}. */
  static void toRows(int[] columns, int[] rows, int rowWords) {
    int chunk = rowWords * BLOCK_TOKENS;
    for (int start = 0; start < columns.length; start += chunk) {
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        for (int word = 0; word < rowWords; word++) {
          rows[start + token * rowWords + word] = columns[start + word * BLOCK_TOKENS + token];
        }
      }
    }
  }

  /** From {@code (chunks, 64, rowWords)} to {@code (chunks, rowWords, 64)}. */
  static void toColumns(int[] rows, int[] columns, int rowWords) {
    int chunk = rowWords * BLOCK_TOKENS;
    for (int start = 0; start < columns.length; start += chunk) {
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        for (int word = 0; word < rowWords; word++) {
          columns[start + word * BLOCK_TOKENS + token] = rows[start + token * rowWords + word];
        }
      }
    }
  }

  /** Joins pairs of 16-bit words; returns how many words there are then. */
  static int joinHalves(int[] words) {
    int count = words.length / 2;
    for (int i = 0; i < count; i++) {
      words[i] = words[2 * i] | words[2 * i + 1] << HALF_BITS;
    }
    return count;
  }

  /** Undoes {@link #joinHalves}. */
  static void splitHalves(int[] words) {
    for (int i = words.length / 2 - 1; i >= 0; i--) {
      int both = words[i];
      words[2 * i] = both & 0xFFFF;
      words[2 * i + 1] = both >>> HALF_BITS;
    }
  }
}
