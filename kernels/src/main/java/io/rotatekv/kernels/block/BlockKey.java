package io.rotatekv.kernels.block;

import java.util.Arrays;
import java.util.HexFormat;

/** The content address of a block of tokens, the same for all layers: a SHA-256 hash. */
public final class BlockKey {

  /** Length of a key. */
  public static final int BYTES = 32;

  private final byte[] hash;

  private BlockKey(byte[] hash) {
    this.hash = hash;
  }

  /**
   * The key with the given bytes.
   *
   * @throws IllegalArgumentException if there are not {@link #BYTES}
   */
  public static BlockKey of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "a block key has %d bytes, got %d".formatted(BYTES, bytes.length));
    }
    return new BlockKey(bytes.clone());
  }

  /**
   * The key that {@link #toString} printed.
   *
   * @throws IllegalArgumentException if the text is not 64 hexadecimal digits
   */
  public static BlockKey parse(String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  /** A copy of the bytes. */
  public byte[] toBytes() {
    return hash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BlockKey key && Arrays.equals(hash, key.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  /** 64 hexadecimal digits in lower case. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(hash);
  }
}
