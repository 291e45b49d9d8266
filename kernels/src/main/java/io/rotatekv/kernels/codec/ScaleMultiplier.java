package io.rotatekv.kernels.codec;

/**
 * The power of two that FP8 scales are relative to: the smallest with which the largest scale that
 * calibration saw is at most half of E4M3's largest number. That leaves a factor of two for what
 * calibration did not see, and 14 binary orders below in which scales keep their full precision. A
 * power of two costs no rounding and fits one byte of the header.
 */
final class ScaleMultiplier {

  private static final float HEADROOM = 2f;

  /** Beyond +-60 a scale, its reciprocal or a dequantized element could leave FP32. */
  private static final int MAX_EXPONENT = 60;

  private ScaleMultiplier() {}

  /** The exponent for the largest scale that calibration saw. */
  static int exponent(float largestScale, String what, int layer) {
    if (!(largestScale > 0) || largestScale > Float.MAX_VALUE) {
      throw new IllegalArgumentException(
          "calibration of layer %d: the %s must be positive and finite; run 'rotatekv calibrate'"
              .formatted(layer, what));
    }
    float relative = largestScale * HEADROOM / E4m3.MAX;
    int exponent = Math.getExponent(relative);
    if (relative > Math.scalb(1f, exponent)) {
      exponent++;
    }
    return Math.clamp(exponent, -MAX_EXPONENT, MAX_EXPONENT);
  }
}
