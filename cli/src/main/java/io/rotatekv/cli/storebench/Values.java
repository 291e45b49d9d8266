package io.rotatekv.cli.storebench;

import java.nio.ByteBuffer;
import java.util.Random;

/** Random bytes, of which every value is a stretch; they are made once and only read. */
final class Values {

  /** Larger than a core's caches, and a multiple of every value. */
  private static final int BYTES = 64 << 20;

  private static final long SEED = 5;

  private final ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES);

  Values() {
    byte[] chunk = new byte[1 << 20];
    Random random = new Random(SEED);
    while (bytes.hasRemaining()) {
      random.nextBytes(chunk);
      bytes.put(chunk);
    }
    bytes.flip();
  }

  /** The value of a number, read-only; numbers that are far apart share bytes. */
  ByteBuffer value(long number, int length) {
    int slots = BYTES / length;
    return bytes.slice(Math.floorMod(number, slots) * length, length).asReadOnlyBuffer();
  }
}
