package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockException.Reason;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.E4m3;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SidePlan;
import java.lang.foreign.MemorySegment;

/**
 * Decides whether a block may be decoded. First what damage could have done (length, magic,
 * version, checksum), then whether an intact block is the one that was asked for, then whether its
 * sections agree with each other, so that decoding needs no checks.
 */
public final class Blocks {

  private Blocks() {}

  /**
   * Verifies a block; bytes after its end are ignored.
   *
   * @param block the block, from its header on
   * @param expected codec, shape and calibration of the reader
   * @param layer the layer that was asked for
   * @return the header
   * @throws BlockException with the first reason found, naming what was expected and found
   */
  public static BlockHeader verify(MemorySegment block, CodecContext expected, int layer) {
    BlockHeader header = BlockHeader.read(block);
    requireCodec(header, expected, layer);
    requireShape(header, expected.shape());
    requireEqual(Reason.LAYER_MISMATCH, "layer", layer, header.layer());
    requireScales(header, expected, layer);
    requireSections(block, header, expected, layer);
    return header;
  }

  /** Writes the checksum of a block that is complete but for it. */
  public static void seal(MemorySegment block) {
    BlockChecksum.seal(block, block.get(BlockHeader.INT, 32));
  }

  private static void requireCodec(BlockHeader header, CodecContext expected, int layer) {
    CodecSpec spec = expected.spec(layer);
    requireEqual(Reason.CODEC_MISMATCH, "codec", spec.family(), header.family());
    requireEqual(Reason.CODEC_MISMATCH, "bits per element", spec.bits(), header.bits());
    requireEqual(
        Reason.CALIBRATION_MISMATCH,
        "calibration fingerprint",
        "%016x".formatted(spec.family() == CodecFamily.FP16 ? 0 : expected.fingerprint()),
        "%016x".formatted(header.fingerprint()));
  }

  private static void requireShape(BlockHeader header, KvShape shape) {
    requireEqual(Reason.SHAPE_MISMATCH, "KV heads", shape.kvHeads(), header.heads());
    requireEqual(Reason.SHAPE_MISMATCH, "head dimension", shape.headDim(), header.headDim());
    requireEqual(Reason.SHAPE_MISMATCH, "group", shape.group(), header.group());
    requireEqual(Reason.SHAPE_MISMATCH, "token count", BLOCK_TOKENS, header.tokens());
  }

  private static void requireScales(BlockHeader header, CodecContext expected, int layer) {
    boolean fp16 = expected.spec(layer).family() == CodecFamily.FP16;
    int kind = fp16 ? BlockHeader.NO_SCALES : BlockHeader.E4M3_SCALES;
    int keys = fp16 ? 0 : SidePlan.keyExponent(expected, layer);
    int values = fp16 ? 0 : SidePlan.valueExponent(expected, layer);
    requireEqual(Reason.CODEC_MISMATCH, "scale kind", kind, header.scaleKind());
    requireEqual(Reason.CALIBRATION_MISMATCH, "exponent of key scales", keys, header.keyExponent());
    requireEqual(
        Reason.CALIBRATION_MISMATCH, "exponent of value scales", values, header.valueExponent());
  }

  private static void requireSections(
      MemorySegment block, BlockHeader header, CodecContext expected, int layer) {
    BlockLayout layout = BlockLayout.of(expected.spec(layer), expected.shape());
    long sinks = block.byteSize() < layout.sinkRows() ? 0 : sinks(block, layout);
    requireEqual(Reason.CORRUPT, "sink count", Long.bitCount(sinks), header.sinks());
    requireEqual(Reason.CORRUPT, "length", layout.length(header.sinks()), header.blockBytes());
    if (expected.spec(layer).family() != CodecFamily.FP16) {
      requireScaleCodes(block, layout.keyScales(), expected, sinks);
      requireScaleCodes(block, layout.valueScales(), expected, sinks);
    }
  }

  /** A scale of NaN would poison every later token; 0 is for sinks alone. */
  private static void requireScaleCodes(
      MemorySegment block, int offset, CodecContext expected, long sinks) {
    int chunkGroups = expected.shape().rotationOrder() / expected.shape().group();
    int count = BLOCK_TOKENS * expected.shape().groups();
    for (int i = 0; i < count; i++) {
      int code = block.get(BlockHeader.BYTE, offset + i);
      int token = i / chunkGroups % BLOCK_TOKENS;
      boolean sink = (sinks >>> token & 1) != 0;
      if (sink ? code != 0 : code < E4m3.MIN_CODE || code > E4m3.MAX_CODE) {
        throw new BlockException(
            Reason.CORRUPT,
            "block has scale code 0x%02X for token %d".formatted(code & 0xFF, token));
      }
    }
  }

  /** The bitmap of a block that is long enough to hold one. */
  static long sinks(MemorySegment block, BlockLayout layout) {
    return block.get(BlockHeader.LONG, layout.sinkBitmap());
  }

  private static void requireEqual(Reason reason, String field, Object expected, Object found) {
    if (!expected.equals(found)) {
      throw BlockException.mismatch(reason, field, expected, found);
    }
  }
}
