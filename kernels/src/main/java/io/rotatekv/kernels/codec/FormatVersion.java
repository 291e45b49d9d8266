package io.rotatekv.kernels.codec;

/** The version of the block format that this code writes, the only one it reads. */
public final class FormatVersion {

  /** Stands in every block header and in every codec fingerprint. */
  public static final int CURRENT = 3;

  private FormatVersion() {}
}
