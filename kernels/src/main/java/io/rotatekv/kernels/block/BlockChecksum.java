package io.rotatekv.kernels.block;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (RFC 3720) over header and payload, the checksum field itself taken as 0. */
final class BlockChecksum {

  private BlockChecksum() {}

  /** Computes and stores the checksum of a complete block. */
  static void seal(MemorySegment block, int payloadBytes) {
    block.set(BlockHeader.INT, BlockHeader.CHECKSUM_AT, of(block, payloadBytes));
  }

  /** Refuses a block whose checksum is not that of its contents. */
  static void require(MemorySegment block, int payloadBytes) {
    int stored = block.get(BlockHeader.INT, BlockHeader.CHECKSUM_AT);
    int computed = of(block, payloadBytes);
    if (stored != computed) {
      throw new BlockException(
          BlockException.Reason.CORRUPT,
          "block has checksum 0x%08X, its contents have 0x%08X".formatted(stored, computed));
    }
  }

  private static int of(MemorySegment block, int payloadBytes) {
    byte[] header = block.asSlice(0, BlockHeader.BYTES).toArray(BlockHeader.BYTE);
    ByteBuffer.wrap(header).putInt(BlockHeader.CHECKSUM_AT, 0);
    CRC32C crc = new CRC32C();
    crc.update(header);
    crc.update(block.asSlice(BlockHeader.BYTES, payloadBytes).asByteBuffer());
    return (int) crc.getValue();
  }
}
