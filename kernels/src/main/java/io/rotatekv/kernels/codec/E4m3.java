package io.rotatekv.kernels.codec;

/**
 * Scales as FP8 E4M3 (Micikevicius et al. 2022, "FP8 formats for deep learning"): 4 exponent bits
 * with bias 7, 3 mantissa bits, no infinity. Scales are positive, so only codes {@link #MIN_CODE}
 * to {@link #MAX_CODE} are written; 0 stands for the scale of a token that is not quantized.
 */
public final class E4m3 {

  /** The code of 2^-9, the smallest positive number. */
  public static final int MIN_CODE = 0x01;

  /** The code of 448, the largest number; 0x7F is NaN. */
  public static final int MAX_CODE = 0x7E;

  /** The number that {@link #MAX_CODE} stands for. */
  public static final float MAX = 448f;

  /** Below 2^-6 numbers are subnormal, multiples of 2^-9. */
  private static final float MIN_NORMAL = 0x1p-6f;

  private static final int DROPPED_MANTISSA_BITS = 20;
  private static final int REBIAS = (127 - 7) << 3;

  private static final float[] VALUES = values();

  private E4m3() {}

  /**
   * The code nearest to {@code x}, ties to even, within {@link #MIN_CODE} and {@link #MAX_CODE}.
   *
   * @param x not NaN, not negative
   */
  public static int encode(float x) {
    if (x < MIN_NORMAL) {
      return Math.max(MIN_CODE, (int) Math.rint(x * 0x1p9f));
    }
    if (x > MAX) {
      return MAX_CODE;
    }
    int bits = Float.floatToRawIntBits(x);
    int odd = (bits >> DROPPED_MANTISSA_BITS) & 1;
    int half = (1 << (DROPPED_MANTISSA_BITS - 1)) - 1;
    return ((bits + half + odd) >> DROPPED_MANTISSA_BITS) - REBIAS;
  }

  /** The number that a code from 0 to 255 stands for. */
  public static float decode(int code) {
    return VALUES[code];
  }

  private static float[] values() {
    float[] values = new float[256];
    for (int code = 0; code < 256; code++) {
      int exponent = (code >> 3) & 0xF;
      int mantissa = code & 7;
      float magnitude =
          exponent == 0
              ? Math.scalb((float) mantissa, -9)
              : Math.scalb(8f + mantissa, exponent - 10);
      boolean nan = (code & 0x7F) == 0x7F;
      values[code] = nan ? Float.NaN : code < 128 ? magnitude : -magnitude;
    }
    return values;
  }
}
