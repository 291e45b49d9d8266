package io.rotatekv.store;

import io.rotatekv.proto.Wire;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;

/**
 * Keeps some buffers of a chunk's size, so that a get neither allocates nor clears its own. The one
 * given back last is taken first, for the core's caches may still hold it.
 */
final class ChunkPool {

  /** Buffers are taken only while a worker fills and hands one over. */
  private static final int KEPT = 32;

  private final BlockingDeque<ByteBuffer> free = new LinkedBlockingDeque<>(KEPT);

  /** An empty buffer on the heap, of a chunk or of so many bytes where they are more. */
  ByteBuffer take(int bytes) {
    ByteBuffer kept = bytes <= Wire.CHUNK_BYTES ? free.pollFirst() : null;
    return kept == null ? ByteBuffer.allocate(Math.max(bytes, Wire.CHUNK_BYTES)) : kept;
  }

  void give(ByteBuffer buffer) {
    if (buffer.capacity() == Wire.CHUNK_BYTES) {
      var _ = free.offerFirst(buffer.clear());
    }
  }
}
