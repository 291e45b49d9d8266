package io.rotatekv.kernels.codec;

/** The families of KV codecs that can be served; a {@link CodecSpec} adds the number of bits. */
public enum CodecFamily {
  /** Keys and values as IEEE binary16, neither rotated nor quantized: the baseline. */
  FP16,
  /** RotateKV (arXiv 2501.16383): grouped-head rotation, reordered groups, asymmetric levels. */
  ROTATEKV,
  /**
   * Calibrated mean subtracted, keys turned by RoPE for their places in the block, grouped-head
   * rotation, symmetric levels without a zero point.
   */
  CENTRED,
  /**
   * The blocks of {@link #CENTRED}, encoded with more care: the scale with the least error of
   * several, and every channel's error made up for by the channels after it, weighed by what
   * attention makes of it.
   */
  SHAPED;

  /**
   * Whether calibrated means are subtracted from keys, which are then turned by RoPE for their
   * places in the block, and levels are symmetric.
   */
  public boolean centred() {
    return this == CENTRED || this == SHAPED;
  }
}
