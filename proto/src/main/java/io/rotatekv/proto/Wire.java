package io.rotatekv.proto;

import java.util.ArrayList;
import java.util.List;

/** Sizes that both ends of the wire agree on, in bytes unless said otherwise. */
public final class Wire {

  /** A chain key: a SHA-256. */
  public static final int KEY_BYTES = 32;

  /** Tokens of a block, the only unit that travels. */
  public static final int BLOCK_TOKENS = 64;

  /** The longest block: one layer, FP16, of 64 KV heads of 256 has 4 MiB. */
  public static final int MAX_BLOCK_BYTES = 8 << 20;

  /**
   * Where a batch of blocks is sent. Loopback streams measured 0.32 GB/s in chunks of 16 KiB, 2.01
   * in 1 MiB and 1.13 in 4 MiB.
   */
  public static final int CHUNK_BYTES = 1 << 20;

  /** The longest message: the longest block fits with room for its frame. */
  public static final int MAX_MESSAGE_BYTES = 16 << 20;

  /** HTTP/2 flow-control window; 64 KiB measured 0.47 GB/s where tens of MiB gave 2.19. */
  public static final int WINDOW_BYTES = 16 << 20;

  /** Bytes queued in a stream before it stops being ready; 4 MiB measured fastest. */
  public static final int READY_THRESHOLD_BYTES = 4 << 20;

  /** Layers of a block set. */
  public static final int MAX_LAYERS = 1024;

  /** Block sets of one put. */
  public static final int MAX_PUT_SETS = 4096;

  /** Keys of one lookup, get or delete. */
  public static final int MAX_KEYS = 65_536;

  private Wire() {}

  /** Keys in as few calls as take them, in order; no call for no key. */
  public static <T> List<List<T>> calls(List<T> keys) {
    List<List<T>> calls = new ArrayList<>();
    for (int from = 0; from < keys.size(); from += MAX_KEYS) {
      calls.add(keys.subList(from, Math.min(keys.size(), from + MAX_KEYS)));
    }
    return calls;
  }
}
