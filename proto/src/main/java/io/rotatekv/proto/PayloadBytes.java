package io.rotatekv.proto;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The bytes behind a parsed {@link ByteString} without a copy. Its own read-only view would make
 * CRC32C copy them 4 KiB at a time, for it hides the array.
 */
final class PayloadBytes extends ByteOutput {

  private @Nullable ByteBuffer whole;
  private boolean scattered;

  private PayloadBytes() {}

  /** The bytes from position to limit; the caller must not change them. Copies only ropes. */
  static ByteBuffer of(ByteString bytes) {
    PayloadBytes output = new PayloadBytes();
    try {
      UnsafeByteOperations.unsafeWriteTo(bytes, output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer whole = output.whole;
    if (output.scattered || whole == null) {
      return ByteBuffer.wrap(bytes.toByteArray());
    }
    return whole;
  }

  @Override
  public void writeLazy(byte[] value, int offset, int length) {
    writeLazy(ByteBuffer.wrap(value, offset, length).slice());
  }

  @Override
  public void writeLazy(ByteBuffer value) {
    scattered |= whole != null;
    whole = value;
  }

  @Override
  public void write(byte value) {
    scattered = true;
  }

  @Override
  public void write(byte[] value, int offset, int length) {
    scattered = true;
  }

  @Override
  public void write(ByteBuffer value) {
    scattered = true;
  }
}
