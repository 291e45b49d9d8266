package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.E4m3;
import io.rotatekv.kernels.codec.GroupQuantizer;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;

/**
 * The sections of scales and zero points, {@code (rotation chunks, 64, groups of a chunk)}: a GPU
 * thread finds all that it needs for a token side by side. An instance owns scratch memory.
 */
public final class ScaleSections {

  private final int[] order; // byte in the section of (group, token)
  private final byte[] section;

  /** The sections of blocks of the given shape. */
  public ScaleSections(KvShape shape) {
    order = order(shape);
    section = new byte[order.length];
  }

  /** Writes scales and, where {@code zerosAt >= 0}, zero points. */
  public void write(GroupScales scales, MemorySegment block, int scalesAt, int zerosAt) {
    scatter(scales.scaleCodes, block, scalesAt);
    if (zerosAt >= 0) {
      scatter(scales.zeroCodes, block, zerosAt);
    }
  }

  /**
   * Reads what {@link #write} wrote and prepares it for dequantizing.
   *
   * @param multiplier what scales are multiplied by to get their value
   * @param norm what the value is multiplied by on top: 1, or the norm of a rotation to be undone
   */
  public void read(
      MemorySegment block,
      int scalesAt,
      int zerosAt,
      GroupQuantizer quantizer,
      float multiplier,
      float norm,
      GroupScales to) {
    gather(block, scalesAt, to.scaleCodes);
    if (zerosAt >= 0) {
      gather(block, zerosAt, to.zeroCodes);
    }
    for (int i = 0; i < order.length; i++) {
      to.factors[i] = E4m3.decode(Byte.toUnsignedInt(to.scaleCodes[i])) * multiplier * norm;
      to.offsets[i] = quantizer.offset(to.zeroCodes[i]);
    }
  }

  /** Byte within a section by {@code (group, token)}. */
  static int[] order(KvShape shape) {
    int chunkGroups = shape.rotationOrder() / shape.group();
    int[] order = new int[shape.groups() * BLOCK_TOKENS];
    for (int i = 0; i < order.length; i++) {
      int group = i / BLOCK_TOKENS;
      int token = i % BLOCK_TOKENS;
      int chunk = group / chunkGroups;
      order[i] = (chunk * BLOCK_TOKENS + token) * chunkGroups + group % chunkGroups;
    }
    return order;
  }

  private void scatter(byte[] codes, MemorySegment block, int at) {
    for (int i = 0; i < order.length; i++) {
      section[order[i]] = codes[i];
    }
    MemorySegment.copy(section, 0, block, BlockHeader.BYTE, at, section.length);
  }

  private void gather(MemorySegment block, int at, byte[] codes) {
    MemorySegment.copy(block, BlockHeader.BYTE, at, section, 0, section.length);
    for (int i = 0; i < order.length; i++) {
      codes[i] = section[order[i]];
    }
  }
}
