package io.rotatekv.kernels.codec;

import java.util.stream.Collectors;

/**
 * Names everything that decides the bytes of a block besides model and tokens. It is part of the
 * root of every chain of keys, so two nodes that disagree on any of it never find each other's
 * blocks.
 */
public final class CodecFingerprint {

  private CodecFingerprint() {}

  /**
   * SHA-256 of codec, shape, calibration and the fixed choices of this format.
   *
   * @param attend what a token attends to while its block is made, such as {@code full} or {@code
   *     quantized}; it changes the keys and values of later layers
   * @return 32 bytes
   */
  public static byte[] of(CodecContext context, String attend) {
    KvShape shape = context.shape();
    CodecSpec spec = context.spec();
    CanonicalHash hash =
        new CanonicalHash("rotatekv codec")
            .add("format version", FormatVersion.CURRENT)
            .add("family", spec.family().name())
            .add("bits", spec.bits())
            .add("clip", spec.clip())
            .add("layer count", shape.layers())
            .add("layer codecs", layerCodecs(context))
            .add("KV heads", shape.kvHeads())
            .add("head dimension", shape.headDim())
            .add("block tokens", BlockCodec.BLOCK_TOKENS)
            .add("group", shape.group())
            .add("rotation heads", shape.rotationHeads())
            .add("rotation", "Sylvester, Williamson 12 20 28")
            .add("scales", "E4M3 times power of two")
            .add("zeros", "INT8")
            .add("sinks", "threshold per layer, FP16")
            .add("attend", attend);
    addRope(hash, context);
    CalibrationFingerprint.addLayers(hash, context.layers());
    return hash.finish();
  }

  /** Where keys stand to RoPE: before it, or turned by it for their places in the block. */
  private static void addRope(CanonicalHash hash, CodecContext context) {
    if (context.spec().family().centred()) {
      BlockRope rope = context.rope();
      hash.add("RoPE", "within blocks").add("cosines", rope.cos()).add("sines", rope.sin());
    } else {
      hash.add("RoPE", "after");
    }
  }

  /** Family and bits of each layer's codec, such as {@code shaped2 fp16}. */
  private static String layerCodecs(CodecContext context) {
    return context.layerSpecs().stream().map(CodecSpec::name).collect(Collectors.joining(" "));
  }
}
