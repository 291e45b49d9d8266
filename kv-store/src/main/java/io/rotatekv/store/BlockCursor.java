package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the blocks of several keys in layer order, one at a time, into the caller's memory, and
 * holds no lock and no memory of the store between two steps. For one thread at a time.
 */
public interface BlockCursor extends AutoCloseable {

  /** One step of a cursor. */
  sealed interface Item {}

  /**
   * A block that has been written to the buffer and whose checksum has been verified.
   *
   * @param keyIndex index of its key among those asked for
   * @param layer its layer
   * @param length its bytes
   * @param crc32c their CRC32C
   */
  record Block(int keyIndex, int layer, int length, int crc32c) implements Item {}

  /** A key that cannot be served; told once, and no block of it follows. */
  record Missed(int keyIndex, MissReason reason) implements Item {}

  /** The next block has this many bytes and the buffer has not; the step was not taken. */
  record NoRoom(int length) implements Item {}

  /**
   * The next item, or null at the end.
   *
   * @param into takes the block's bytes at its position, which then moves behind them; on the heap
   *     or not
   */
  @Nullable Item next(ByteBuffer into);

  /** Ends the reading; does nothing the second time. */
  @Override
  void close();
}
