package io.rotatekv.proto;

import com.google.protobuf.UnsafeByteOperations;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Gathers blocks into batches of about {@link Wire#CHUNK_BYTES}, with one copy of their bytes. */
final class BatchWriter {

  private final MessageArrays arrays;
  private BlockBatch.Builder batch = BlockBatch.newBuilder();
  private byte[] payload = new byte[0];
  private int used;
  private int usual; // bytes of the batch before

  BatchWriter(MessageArrays arrays) {
    this.arrays = arrays;
  }

  /** Whether the batch must be taken before a block of this length is added. */
  boolean isFullFor(long length) {
    return used > 0 && used + length > Wire.CHUNK_BYTES;
  }

  /** Copies a block to the end of the batch. */
  void add(int keyIndex, int layer, MemorySegment block) {
    int length = (int) block.byteSize();
    makeRoom(length);
    MemorySegment.copy(block, 0, MemorySegment.ofArray(payload), used, length);
    batch.addBlocks(
        BlockInfo.newBuilder()
            .setKeyIndex(keyIndex)
            .setLayer(layer)
            .setLength(length)
            .setCrc32C(BlockBatches.crc32c(ByteBuffer.wrap(payload, used, length))));
    used += length;
  }

  /** Small puts are many, and clearing a whole chunk costs more than sending 16 KiB. */
  private void makeRoom(int length) {
    if (used == 0) {
      payload = arrays.take(Math.max(usual, length));
    } else if (used + length > payload.length) {
      byte[] larger = arrays.take(Math.max(Wire.CHUNK_BYTES, used + length));
      System.arraycopy(payload, 0, larger, 0, used);
      payload = larger;
    }
  }

  boolean isEmpty() {
    return used == 0;
  }

  /** Takes the batch, which wraps its array: that may be given back once the batch is sent. */
  BlockBatch take() {
    BlockBatch taken = batch.setPayload(UnsafeByteOperations.unsafeWrap(payload, 0, used)).build();
    batch = BlockBatch.newBuilder();
    usual = Math.min(used, Wire.CHUNK_BYTES);
    used = 0;
    return taken;
  }
}
