package io.rotatekv.model.weights;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A SHA-256 over what tells one model's weights from another's, cheap for any size: headers whole,
 * and of each tensor {@value #SAMPLES} evenly spread samples of {@value #SAMPLE_BYTES} bytes (all
 * of a small one). Retraining, fine-tuning or quantizing a model again changes nearly every byte
 * and so the fingerprint; an edit that spares all samples goes unseen, so this is no proof against
 * forgery.
 */
public final class Fingerprint {

  private static final int SAMPLES = 8;
  private static final int SAMPLE_BYTES = 1024;
  private static final long CHUNK_BYTES = 1 << 20; // A byte buffer holds less than 2 GiB.

  private final MessageDigest digest;

  public Fingerprint() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Adds a text. */
  public Fingerprint add(String text) {
    return addAll(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Adds a header: its length and every byte. */
  public Fingerprint addAll(MemorySegment bytes) {
    addLong(bytes.byteSize());
    for (long at = 0; at < bytes.byteSize(); at += CHUNK_BYTES) {
      update(bytes, at, Math.min(CHUNK_BYTES, bytes.byteSize() - at));
    }
    return this;
  }

  /** Adds a tensor's data: its length and samples of its bytes. */
  public Fingerprint addSampled(MemorySegment bytes) {
    long size = bytes.byteSize();
    addLong(size);
    if (size <= (long) SAMPLES * SAMPLE_BYTES) {
      update(bytes, 0, size);
      return this;
    }
    for (int i = 0; i < SAMPLES; i++) {
      update(bytes, (size - SAMPLE_BYTES) / (SAMPLES - 1) * i, SAMPLE_BYTES);
    }
    return this;
  }

  /** The fingerprint in 64 hexadecimal digits; to be called once, at the end. */
  public String toHex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void update(MemorySegment bytes, long offset, long size) {
    digest.update(bytes.asSlice(offset, size).asByteBuffer());
  }

  private void addLong(long value) {
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
  }
}
