package io.rotatekv.eval.methods;

/** How the scale and the zero point of a group are stored. */
enum Metadata {
  /** Scale and smallest element in FP16, as KIVI has it. */
  FP16_MINIMUM(32),
  /** Scale and a whole zero point in FP16, as QuaRot has it. */
  FP16_ZERO(32),
  /** Scale in FP8 E4M3, zero point in INT8: RotateKV, section 3 (arXiv 2501.16383). */
  FP8_INT8(16);

  private final int bits;

  Metadata(int bits) {
    this.bits = bits;
  }

  /** Bits for each group. */
  int bits() {
    return bits;
  }
}
