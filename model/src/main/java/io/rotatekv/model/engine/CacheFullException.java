package io.rotatekv.model.engine;

/** The memory that an engine has for the KV caches of all its sequences is taken. */
public final class CacheFullException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Memory that was asked for in vain.
   *
   * @param wanted bytes asked for
   * @param used bytes taken
   * @param capacity bytes there are
   */
  public CacheFullException(long wanted, long used, long capacity) {
    super(
        ("the KV cache has no room for %d more bytes: %d of %d MiB are taken; run fewer or shorter"
                + " requests at a time, or take a codec with fewer bits")
            .formatted(wanted, used >> 20, capacity >> 20));
  }
}
