package io.rotatekv.kernels.block;

/** IEEE binary16. */
public final class Half {

  /** The largest finite number. */
  public static final float MAX = 65504f;

  private Half() {}

  /** The nearest binary16, ties to even; the largest finite one for numbers beyond it. */
  public static short saturate(float x) {
    return Float.floatToFloat16(Math.max(-MAX, Math.min(MAX, x)));
  }
}
