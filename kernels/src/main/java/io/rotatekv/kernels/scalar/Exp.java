package io.rotatekv.kernels.scalar;

/**
 * The exponential of every kernel, within 2 ulp: {@code exp(x) = 2^n exp(r)} with {@code n} the
 * nearest integer to {@code x / ln 2}, and a polynomial of degree 7 for {@code |r| <= ln 2 / 2}
 * (coefficients of Moshier's Cephes library). Both backends evaluate the same operations, so they
 * agree to the last bit.
 */
final class Exp {

  /** Below, the result is 0; it would be under 2e-38. */
  static final float MIN = -87;

  /** Above, the result stays at {@code exp(MAX)}, 1.7e38. */
  static final float MAX = 88;

  private static final float LOG2_E = 1.442695f;

  /** Adding it rounds to an integer, which is then the low bits of the sum. */
  private static final float ROUNDER = 0x1.8p23f;

  private static final float LN2_HIGH = 0x1.63p-1f;
  private static final float LN2_LOW = -2.1219444e-4f;
  private static final int MANTISSA_BITS = 23;

  private Exp() {}

  static float exp(float x) {
    if (x < MIN) {
      return 0;
    }
    float bounded = x > MAX ? MAX : x;
    float shifted = Math.fma(bounded, LOG2_E, ROUNDER);
    float n = shifted - ROUNDER;
    float r = Math.fma(n, -LN2_HIGH, bounded);
    r = Math.fma(n, -LN2_LOW, r);
    float p = 1.9875691e-4f;
    p = Math.fma(p, r, 0.0013981999f);
    p = Math.fma(p, r, 0.008333452f);
    p = Math.fma(p, r, 0.041665796f);
    p = Math.fma(p, r, 0.16666666f);
    p = Math.fma(p, r, 0.5f);
    p = Math.fma(p, r * r, r) + 1;
    return Float.intBitsToFloat(
        Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << MANTISSA_BITS));
  }
}
