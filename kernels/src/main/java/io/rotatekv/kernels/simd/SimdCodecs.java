package io.rotatekv.kernels.simd;

import io.rotatekv.kernels.block.FramedCodec;
import io.rotatekv.kernels.block.LayeredCodec;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecShapes;
import io.rotatekv.kernels.codec.KvShape;
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
    KvShape shape = context.shape();
    CodecShapes.requireSupported(shape);
    if (!TokenLanes.fit() || hasPadding(shape)) {
      return ScalarCodecs.create(context);
    }
    return LayeredCodec.of(context, SimdCodecs::uniform);
  }

  private static BlockCodec uniform(CodecContext context) {
    boolean fp16 = context.spec().family() == CodecFamily.FP16;
    return new FramedCodec(context, fp16 ? new HalfTiles(context) : new QuantizedTiles(context));
  }

  /** Patches that are not full, which only models smaller than any real one have. */
  private static boolean hasPadding(KvShape shape) {
    return shape.rotationOrder() % CodePatch.SIDE != 0;
  }
}
