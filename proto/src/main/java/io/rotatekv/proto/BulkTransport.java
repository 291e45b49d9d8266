package io.rotatekv.proto;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;

/** How connections that carry blocks buffer their bytes. Measured with gets of 1 MiB, loopback. */
final class BulkTransport {

  /**
   * Bytes that a connection hands to the kernel at a time. Netty's 64 KiB mean a system call and a
   * wake-up of the reader for each, and 1.5 times the CPU time.
   */
  static final WriteBufferWaterMark WRITE_BUFFER = new WriteBufferWaterMark(2 << 20, 4 << 20);

  /**
   * Direct memory in chunks of 16 MiB. In gRPC's own of 2 MiB a buffer of 1 MiB leaves its chunk
   * empty when it is freed, so that each is mapped, cleared and unmapped again: a third of the CPU
   * time.
   */
  static final ByteBufAllocator ALLOCATOR =
      new PooledByteBufAllocator(
          true,
          1,
          Math.min(4, Runtime.getRuntime().availableProcessors()),
          PooledByteBufAllocator.defaultPageSize(),
          11, // 2^11 pages of 8 KiB
          PooledByteBufAllocator.defaultSmallCacheSize(),
          PooledByteBufAllocator.defaultNormalCacheSize(),
          true);

  private BulkTransport() {}
}
