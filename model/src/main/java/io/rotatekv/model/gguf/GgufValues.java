package io.rotatekv.model.gguf;

import java.util.ArrayList;
import java.util.List;

/** Reads metadata values by their type numbers in the GGUF specification. */
final class GgufValues {

  private static final int STRING = 8;
  private static final int ARRAY = 9;
  // The specification allows arrays of arrays; a bound keeps a hostile file off the stack's end.
  private static final int MAX_DEPTH = 4;

  private GgufValues() {}

  /** A value of a type that was read before it. */
  static Object read(GgufCursor cursor, int type) {
    return read(cursor, type, 0);
  }

  private static Object read(GgufCursor cursor, int type, int depth) {
    return switch (type) {
      case 0 -> (long) Byte.toUnsignedInt(cursor.readByte());
      case 1 -> (long) cursor.readByte();
      case 2 -> (long) Short.toUnsignedInt(cursor.readShort());
      case 3 -> (long) cursor.readShort();
      case 4 -> Integer.toUnsignedLong(cursor.readInt());
      case 5 -> (long) cursor.readInt();
      case 6 -> (double) Float.intBitsToFloat(cursor.readInt());
      case 7 -> cursor.readByte() != 0;
      case STRING -> cursor.readString();
      case ARRAY -> readArray(cursor, depth + 1);
      case 10, 11 -> cursor.readLong();
      case 12 -> Double.longBitsToDouble(cursor.readLong());
      default -> throw cursor.damaged("metadata of unknown type " + Integer.toUnsignedString(type));
    };
  }

  private static List<Object> readArray(GgufCursor cursor, int depth) {
    if (depth > MAX_DEPTH) {
      throw cursor.damaged("arrays nested %d deep".formatted(depth));
    }
    int type = cursor.readInt();
    long count = cursor.readCount(leastBytes(type), "elements of an array");
    List<Object> values = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      values.add(read(cursor, type, depth));
    }
    return values;
  }

  private static int leastBytes(int type) {
    return switch (type) {
      case 2, 3 -> Short.BYTES;
      case 4, 5, 6 -> Integer.BYTES;
      case STRING, 10, 11, 12 -> Long.BYTES;
      case ARRAY -> Integer.BYTES + Long.BYTES;
      default -> Byte.BYTES;
    };
  }
}
