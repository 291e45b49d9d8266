package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.simd.TokenLanes.INTS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Words of 16 codes, between plain fields (code {@code j} in the bits {@code 2 j} and {@code 2 j +
 * 1}) and the bits of {@link io.rotatekv.kernels.codec.CodePatch}. The magnitude of a code goes to
 * that one of the bits 0, 1, 4, 5 of its byte that is nearest and the sign six bits further, so one
 * sequence of masks moves all 16.
 */
final class SignMagnitude {

  private static final int EVEN = 0x55555555;
  private static final int MAGNITUDES = 0x33333333;
  private static final int SIGN_FROM_MAGNITUDE = 6;

  private SignMagnitude() {}

  /** From plain fields, in place. */
  static void fromCodes(int[] words) {
    for (int i = 0; i < words.length; i += LANES) {
      IntVector codes = IntVector.fromArray(INTS, words, i);
      IntVector sign = toPairs(codes.lanewise(VectorOperators.LSHR, 1).not());
      IntVector magnitude = toPairs(codes).lanewise(VectorOperators.XOR, sign);
      magnitude.or(sign.lanewise(VectorOperators.ROL, SIGN_FROM_MAGNITUDE)).intoArray(words, i);
    }
  }

  /** To plain fields, in place. */
  static void toCodes(int[] words) {
    for (int i = 0; i < words.length; i += LANES) {
      IntVector word = IntVector.fromArray(INTS, words, i);
      IntVector sign = word.lanewise(VectorOperators.ROR, SIGN_FROM_MAGNITUDE).and(MAGNITUDES);
      IntVector lower = fromPairs(word.and(MAGNITUDES).lanewise(VectorOperators.XOR, sign));
      IntVector upper = fromPairs(sign.lanewise(VectorOperators.XOR, MAGNITUDES));
      lower.or(upper.lanewise(VectorOperators.LSHL, 1)).intoArray(words, i);
    }
  }

  /** The bits 0, 2, 4, 6 of each byte to 0, 1, 4, 5. */
  static IntVector toPairs(IntVector bits) {
    IntVector even = bits.and(EVEN);
    return even.or(even.lanewise(VectorOperators.LSHR, 1)).and(MAGNITUDES);
  }

  /** Undoes {@link #toPairs}. */
  static IntVector fromPairs(IntVector pairs) {
    return pairs.or(pairs.lanewise(VectorOperators.LSHL, 1)).and(EVEN);
  }
}
