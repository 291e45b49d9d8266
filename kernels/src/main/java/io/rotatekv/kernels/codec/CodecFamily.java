package io.rotatekv.kernels.codec;

/** The families of KV codecs that can be served; a {@link CodecSpec} adds the number of bits. */
public enum CodecFamily {
  /** Keys and values as IEEE binary16, neither rotated nor quantized: the baseline. */
  FP16,
  /** RotateKV (arXiv 2501.16383): grouped-head rotation, reordered groups, asymmetric levels. */
  ROTATEKV,
  /** Grouped-head rotation, calibrated mean subtracted, symmetric levels without a zero point. */
  CENTRED
}
