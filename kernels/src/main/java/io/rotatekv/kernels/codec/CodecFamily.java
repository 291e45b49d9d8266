package io.rotatekv.kernels.codec;

/** The families of KV codecs that can be served; a {@link CodecSpec} adds the number of bits. */
public enum CodecFamily {
  /** Keys and values as IEEE binary16, neither rotated nor quantized: the baseline. */
  FP16,
  /** RotateKV (arXiv 2501.16383): grouped-head rotation, reordered groups, asymmetric levels. */
  ROTATEKV,
  /** Grouped-head rotation, calibrated mean subtracted, symmetric levels without a zero point. */
  CENTRED,
  /**
   * The blocks of {@link #CENTRED}, encoded with more care: the scale with the least error of
   * several, and every channel's error made up for by the channels after it, weighed by what
   * attention makes of it.
   */
  SHAPED;

  /** Whether calibrated means are subtracted from keys, and levels are symmetric around them. */
  public boolean centred() {
    return this == CENTRED || this == SHAPED;
  }
}
