package io.rotatekv.store;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * A key of the chain, 32 bytes: as four big-endian longs, which hash and compare without an array.
 */
public record BlockKey(long a, long b, long c, long d) {

  public static final int BYTES = 32;

  /** Reads 32 bytes from the buffer's position on, and moves it. */
  public static BlockKey read(ByteBuffer from) {
    return new BlockKey(from.getLong(), from.getLong(), from.getLong(), from.getLong());
  }

  /** Writes 32 bytes at the buffer's position, and moves it. */
  public void write(ByteBuffer to) {
    to.putLong(a).putLong(b).putLong(c).putLong(d);
  }

  /** The first bytes in hexadecimal, for logs. */
  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(a);
  }
}
