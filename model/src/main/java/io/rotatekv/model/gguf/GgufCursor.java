package io.rotatekv.model.gguf;

import io.rotatekv.model.ModelException;
import io.rotatekv.model.weights.MappedFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads little-endian values one after the other and never past the end of the file. */
final class GgufCursor {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  // Far above any token or chat template, far below what a byte array holds.
  private static final int MAX_STRING = 1 << 28;

  private final MappedFile file;
  private final MemorySegment bytes;
  private long position;

  GgufCursor(MappedFile file) {
    this.file = file;
    bytes = file.bytes();
  }

  /** Bytes read so far. */
  long position() {
    return position;
  }

  byte readByte() {
    return bytes.get(ValueLayout.JAVA_BYTE, advance(Byte.BYTES));
  }

  short readShort() {
    return bytes.get(SHORT, advance(Short.BYTES));
  }

  int readInt() {
    return bytes.get(INT, advance(Integer.BYTES));
  }

  long readLong() {
    return bytes.get(LONG, advance(Long.BYTES));
  }

  /** A string: its length in 8 bytes, then UTF-8. */
  String readString() {
    long length = readCount(1, "bytes of a string");
    if (length > MAX_STRING) {
      throw damaged("a string of %d bytes".formatted(length));
    }
    byte[] utf8 = new byte[(int) length];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, advance(length), utf8, 0, utf8.length);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** A number, in 8 bytes, of things that take at least {@code leastBytes} each. */
  long readCount(int leastBytes, String things) {
    long count = readLong();
    long remaining = bytes.byteSize() - position;
    if (count < 0 || count > remaining / leastBytes) {
      throw damaged(
          "%s %s at byte %d, where %d bytes remain"
              .formatted(Long.toUnsignedString(count), things, position - Long.BYTES, remaining));
    }
    return count;
  }

  ModelException damaged(String what) {
    return new ModelException(
        "%s: truncated or damaged GGUF file (%s); fetch it again".formatted(file.path(), what));
  }

  private long advance(long size) {
    long start = position;
    if (size > bytes.byteSize() - start) {
      throw damaged("it ends at byte %d inside the header".formatted(bytes.byteSize()));
    }
    position += size;
    return start;
  }
}
