package io.rotatekv.kernels.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * SHA-256 over named fields. Each is preceded by its name and both by their lengths, so no two
 * sequences of fields give the same bytes. Numbers are little-endian.
 */
public final class CanonicalHash {

  private final MessageDigest digest;

  /**
   * Starts a hash.
   *
   * @param domain what is hashed, so that hashes of different things never coincide
   */
  public CanonicalHash(String domain) {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    sized(domain.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds text, as UTF-8. */
  public CanonicalHash add(String name, String value) {
    return add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds an integer. */
  public CanonicalHash add(String name, long value) {
    byte[] bytes = new byte[Long.BYTES];
    littleEndian(bytes).putLong(value);
    return add(name, bytes);
  }

  /** Adds FP32 numbers by their bits. */
  public CanonicalHash add(String name, float... values) {
    byte[] bytes = new byte[values.length * Float.BYTES];
    littleEndian(bytes).asFloatBuffer().put(values);
    return add(name, bytes);
  }

  /** Adds bytes. */
  public CanonicalHash add(String name, byte[] value) {
    sized(name.getBytes(StandardCharsets.UTF_8));
    sized(value);
    return this;
  }

  /** The 32 bytes; the object is of no further use. */
  public byte[] finish() {
    return digest.digest();
  }

  private void sized(byte[] bytes) {
    byte[] length = new byte[Integer.BYTES];
    littleEndian(length).putInt(bytes.length);
    digest.update(length);
    digest.update(bytes);
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
