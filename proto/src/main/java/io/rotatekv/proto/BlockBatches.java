package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Takes batches of blocks apart, and computes their checksums. */
public final class BlockBatches {

  private BlockBatches() {}

  /** One block of a batch as it arrived; its checksum is not verified yet. */
  @FunctionalInterface
  public interface Visitor {

    /**
     * Takes the next block.
     *
     * @param info what the sender says of the block
     * @param bytes the block, {@code info.getLength()} bytes from position to limit; not to be
     *     changed, and good for as long as it is referenced
     */
    void visit(BlockInfo info, ByteBuffer bytes);
  }

  /**
   * Visits the blocks in order.
   *
   * @throws ServiceException INVALID_REQUEST if lengths and payload do not fit together
   */
  public static void forEach(BlockBatch batch, Visitor visitor) {
    ByteString payload = batch.getPayload();
    long total = 0;
    for (BlockInfo info : batch.getBlocksList()) {
      if (info.getLength() < 1 || info.getLength() > Wire.MAX_BLOCK_BYTES) {
        throw ServiceException.invalid(
            "a block must have 1 to %d bytes, layer %d has %s"
                .formatted(
                    Wire.MAX_BLOCK_BYTES,
                    info.getLayer(),
                    Integer.toUnsignedString(info.getLength())));
      }
      total += info.getLength();
    }
    if (total != payload.size()) {
      throw ServiceException.invalid(
          "the blocks of a batch sum to %d bytes, its payload has %d"
              .formatted(total, payload.size()));
    }
    ByteBuffer all = PayloadBytes.of(payload);
    int position = all.position();
    for (BlockInfo info : batch.getBlocksList()) {
      visitor.visit(info, all.slice(position, info.getLength()));
      position += info.getLength();
    }
  }

  /** CRC32C of the bytes from position to limit; moves neither. */
  public static int crc32c(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
