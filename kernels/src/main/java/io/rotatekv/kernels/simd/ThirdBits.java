package io.rotatekv.kernels.simd;

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

  static IntVector fromCodes(IntVector bits) {
    IntVector pairs = SignMagnitude.toPairs(bits);
    return pairs
        .and(FIRST_PAIRS)
        .lanewise(VectorOperators.LSHL, FROM_FIRST_PAIRS)
        .or(pairs.and(SECOND_PAIRS))
        .lanewise(VectorOperators.XOR, UPPER);
  }

  /** Undoes {@link #fromCodes}; the lower half of each byte does not matter. */
  static IntVector toCodes(IntVector word) {
    IntVector bits = word.not();
    IntVector pairs =
        bits.lanewise(VectorOperators.LSHR, FROM_FIRST_PAIRS)
            .and(FIRST_PAIRS)
            .or(bits.and(SECOND_PAIRS));
    return SignMagnitude.fromPairs(pairs);
  }
}
