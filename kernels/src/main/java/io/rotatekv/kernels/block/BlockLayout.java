package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodePatch;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;

/**
 * Where the sections of a block lie, in bytes from its start. Every section starts at a multiple of
 * 64 and, but for the bitmap, fills a multiple of 64 by itself.
 *
 * @param codeBytes length of the codes of one side
 * @param scaleBytes length of the scales of one side; 0 without quantization
 * @param zeroBytes length of the zero points of one side; 0 where the codec has none
 * @param rowBytes length of one FP16 row of one side of one token
 */
public record BlockLayout(int codeBytes, int scaleBytes, int zeroBytes, int rowBytes) {

  /** What every section starts at a multiple of. */
  public static final int ALIGNMENT = 64;

  /** The layout that a codec uses for a shape. */
  public static BlockLayout of(CodecSpec spec, KvShape shape) {
    int scales = BLOCK_TOKENS * shape.groups();
    boolean fp16 = spec.family() == CodecFamily.FP16;
    return new BlockLayout(
        BLOCK_TOKENS * (fp16 ? shape.kvDim() : paddedChannels(shape)) * spec.bits() / Byte.SIZE,
        fp16 ? 0 : scales,
        spec.family() == CodecFamily.ROTATEKV ? scales : 0,
        shape.kvDim() * Short.BYTES);
  }

  /** Chunks whose order is no multiple of 64 fill their last patch with padding. */
  private static int paddedChannels(KvShape shape) {
    int order = shape.rotationOrder();
    return shape.kvDim() / order * CodePatch.patches(order) * CodePatch.SIDE;
  }

  /** Offset of the codes of the keys. */
  public int keyCodes() {
    return BlockHeader.BYTES;
  }

  /** Offset of the scales of the keys. */
  public int keyScales() {
    return keyCodes() + codeBytes;
  }

  /** Offset of the zero points of the keys. */
  public int keyZeros() {
    return keyScales() + scaleBytes;
  }

  /** Offset of the codes of the values. */
  public int valueCodes() {
    return keyZeros() + zeroBytes;
  }

  /** Offset of the scales of the values. */
  public int valueScales() {
    return valueCodes() + codeBytes;
  }

  /** Offset of the zero points of the values. */
  public int valueZeros() {
    return valueScales() + scaleBytes;
  }

  /** Offset of the 64-bit bitmap of the sinks. */
  public int sinkBitmap() {
    return valueZeros() + zeroBytes;
  }

  /** Offset of the sinks' rows: per sink, in the order of tokens, its key and then its value. */
  public int sinkRows() {
    return sinkBitmap() + ALIGNMENT;
  }

  /** Length of a block with the given number of sinks, header included. */
  public int length(int sinks) {
    return sinkRows() + sinks * 2 * rowBytes;
  }
}
