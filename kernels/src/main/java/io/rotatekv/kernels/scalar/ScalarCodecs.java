package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.block.FramedCodec;
import io.rotatekv.kernels.block.LayeredCodec;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecShapes;

/** Codecs in plain Java: the specification. */
public final class ScalarCodecs {

  private ScalarCodecs() {}

  /**
   * A codec for one thread.
   *
   * @throws IllegalArgumentException if the shape or the calibration cannot be encoded
   */
  public static BlockCodec create(CodecContext context) {
    CodecShapes.requireSupported(context.shape());
    return LayeredCodec.of(context, ScalarCodecs::uniform);
  }

  private static BlockCodec uniform(CodecContext context) {
    boolean fp16 = context.spec().family() == CodecFamily.FP16;
    return new FramedCodec(context, fp16 ? new HalfTiles(context) : new QuantizedTiles(context));
  }
}
