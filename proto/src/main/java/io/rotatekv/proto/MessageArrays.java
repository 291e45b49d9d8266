package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import io.rotatekv.v1.BlockBatch;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;

/**
 * Arrays for messages of about a chunk, to be filled over and over. A new array of a mebibyte is
 * cleared before it is filled, lies in none of the core's caches, and takes regions of G1 for
 * itself. What is not given back is garbage, and no harm.
 */
public final class MessageArrays {

  /** A chunk and what stands before it: some 20 bytes a block, of at least 512 bytes. */
  private static final int BYTES = Wire.CHUNK_BYTES + (64 << 10);

  /** Messages that are shorter get arrays of their own, which come out of a thread's buffer. */
  private static final int MIN_BYTES = 128 << 10;

  /** A stream has a message or two at a time. */
  private static final int KEPT = 16;

  private final BlockingDeque<byte[]> free = new LinkedBlockingDeque<>(KEPT);

  /** An array of at least so many bytes; what is in it is left over. */
  byte[] take(int bytes) {
    if (bytes < MIN_BYTES || bytes > BYTES) {
      return new byte[bytes];
    }
    byte[] kept = free.pollFirst(); // the one given last, which caches may still hold
    return kept == null ? new byte[BYTES] : kept;
  }

  void give(byte[] array) {
    if (array.length == BYTES) {
      var _ = free.offerFirst(array);
    }
  }

  /** Gives back what a batch was parsed into; nothing may read the batch or its blocks any more. */
  public void give(BlockBatch batch) {
    give(batch.getPayload());
  }

  @SuppressWarnings("ByteBufferBackingArray") // The whole array, wherever the payload lies in it.
  private void give(ByteString payload) {
    ByteBuffer bytes = PayloadBytes.of(payload);
    if (bytes.hasArray()) {
      give(bytes.array());
    }
  }
}
