package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The third bits of the 16 codes of a word, between plain fields (bit {@code 2 j}) and the upper
 * half of each byte, where {@link io.rotatekv.kernels.codec.CodePatch} keeps those of rows 0 to 7.
 */
final class ThirdBits {

  private static final int UPPER = 0xF0F0F0F0;
  private static final int FIRST_PAIRS = 0x03030303;
  private static final int SECOND_PAIRS = 0x30303030;
  private static final int FROM_FIRST_PAIRS = 6;

  private ThirdBits() {}

  /** From plain fields, in place. */
  static void fromCodes(int[] words) {
    for (int i = 0; i < words.length; i += LANES) {
      IntVector pairs = SignMagnitude.toPairs(IntVector.fromArray(INTS, words, i));
      pairs
          .and(FIRST_PAIRS)
          .lanewise(VectorOperators.LSHL, FROM_FIRST_PAIRS)
          .or(pairs.and(SECOND_PAIRS))
          .lanewise(VectorOperators.XOR, UPPER)
          .intoArray(words, i);
    }
  }

  /** To plain fields, in place; the lower half of each byte does not matter. */
  static void toCodes(int[] words) {
    for (int i = 0; i < words.length; i += LANES) {
      IntVector bits = IntVector.fromArray(INTS, words, i).not();
      IntVector pairs =
          bits.lanewise(VectorOperators.LSHR, FROM_FIRST_PAIRS)
              .and(FIRST_PAIRS)
              .or(bits.and(SECOND_PAIRS));
      SignMagnitude.fromPairs(pairs).intoArray(words, i);
    }
  }
}
