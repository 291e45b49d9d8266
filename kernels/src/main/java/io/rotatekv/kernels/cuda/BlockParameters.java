package io.rotatekv.kernels.cuda;

import io.rotatekv.kernels.block.BlockHeader;
import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SidePlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Appends to a kernel's arguments what it needs to know of the blocks of a codec. */
record BlockParameters(CodecContext codec) {

  boolean quantizes() {
    return codec.spec().family() != CodecFamily.FP16;
  }

  /** The {@code BlockSections} of {@code detail/block.cuh}. */
  void sections(KernelArguments to) {
    BlockLayout layout = BlockLayout.of(codec.spec(), codec.shape());
    to.int32(layout.keyCodes())
        .int32(layout.keyScales())
        .int32(layout.keyZeros())
        .int32(layout.valueCodes())
        .int32(layout.valueScales())
        .int32(layout.valueZeros())
        .int32(layout.sinkBitmap())
        .int32(layout.sinkRows());
  }

  /** The header of a layer's blocks without sinks, its checksum 0. */
  void header(int layer, KernelArguments to) {
    KvShape shape = codec.shape();
    BlockHeader header =
        new BlockHeader(
            codec.spec().family(),
            codec.spec().bits(),
            shape.group(),
            layer,
            shape.kvHeads(),
            shape.headDim(),
            BlockCodec.BLOCK_TOKENS,
            0,
            quantizes() ? BlockHeader.E4M3_SCALES : BlockHeader.NO_SCALES,
            quantizes() ? SidePlan.keyExponent(codec, layer) : 0,
            quantizes() ? SidePlan.valueExponent(codec, layer) : 0,
            codec.fingerprint(),
            BlockLayout.of(codec.spec(), shape).length(0) - BlockHeader.BYTES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(BlockHeader.BYTES, Integer.BYTES);
      header.write(bytes);
      for (int word : bytes.toArray(ValueLayout.JAVA_INT)) {
        to.int32(word);
      }
    }
  }

  /** The powers of two that a layer's scales of keys and of values are relative to. */
  void scales(int layer, KernelArguments to) {
    to.float32(Math.scalb(1f, SidePlan.keyExponent(codec, layer)))
        .float32(Math.scalb(1f, SidePlan.valueExponent(codec, layer)));
  }

  /** The norms of the rotations of keys and of values. */
  void norms(KernelArguments to) {
    to.float32(norm(codec.shape().rotationOrder())).float32(norm(codec.shape().headDim()));
  }

  private static float norm(int order) {
    return (float) (1 / Math.sqrt(order));
  }
}
