package io.rotatekv.store;

import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;

/** The outcome of reading one block: it, or why not. */
public sealed interface BlockRead {

  /** The block's bytes, the caller's own array from 0 on, and their verified CRC32C. */
  record Found(ByteBuffer bytes, int crc32c) implements BlockRead {}

  /** The set cannot be served. */
  record Missed(MissReason reason) implements BlockRead {}
}
