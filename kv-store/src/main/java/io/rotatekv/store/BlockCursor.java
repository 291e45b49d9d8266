package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the blocks of several keys in layer order, one at a time, and holds nothing of the store
 * between two steps. For one thread at a time.
 */
public interface BlockCursor extends AutoCloseable {

  /** One step of a cursor. */
  sealed interface Item {

    /** Index of the key among those asked for. */
    int keyIndex();
  }

  /** A block, whose bytes are the caller's own and whose checksum has been verified. */
  record Block(int keyIndex, int layer, ByteBuffer bytes, int crc32c) implements Item {}

  /** A key that cannot be served; told once, and no block of it follows. */
  record Missed(int keyIndex, MissReason reason) implements Item {}

  /** The next item, or null at the end. */
  @Nullable Item next();

  /** Ends the reading; does nothing the second time. */
  @Override
  void close();
}
