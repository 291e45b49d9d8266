package io.rotatekv.model.gguf;

import io.rotatekv.kernels.tensor.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes small GGUF files, right ones and wrong ones. */
public final class GgufBuilder {

  private record Entry(int type, int columns, int rows, byte[] data) {}

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private int version = 3;

  GgufBuilder version(int number) {
    version = number;
    return this;
  }

  /** Sets a value: Integer, Float, Boolean, String, or a List of one of these. */
  public GgufBuilder set(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  GgufBuilder remove(String key) {
    metadata.remove(key);
    tensors.remove(key);
    return this;
  }

  public GgufBuilder tensor(String name, TensorType type, int rows, int columns, byte[] data) {
    tensors.put(name, new Entry(number(type), columns, rows, data));
    return this;
  }

  GgufBuilder rawTensor(String name, int type, int rows, int columns, byte[] data) {
    tensors.put(name, new Entry(type, columns, rows, data));
    return this;
  }

  public GgufBuilder vector(String name, float... values) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      data.putFloat(value);
    }
    return tensor(name, TensorType.F32, 1, values.length, data.array());
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    putInt(out, version);
    putLong(out, tensors.size());
    putLong(out, metadata.size());
    metadata.forEach((key, value) -> {
      putString(out, key);
      putInt(out, type(value));
      putValue(out, value);
    });
    long offset = 0;
    for (Map.Entry<String, Entry> entry : tensors.entrySet()) {
      Entry tensor = entry.getValue();
      putString(out, entry.getKey());
      putInt(out, tensor.rows() == 1 ? 1 : 2);
      putLong(out, tensor.columns());
      if (tensor.rows() != 1) {
        putLong(out, tensor.rows());
      }
      putInt(out, tensor.type());
      putLong(out, offset);
      offset += Math.ceilDiv(tensor.data().length, 32) * 32L;
    }
    pad(out);
    for (Entry tensor : tensors.values()) {
      out.writeBytes(tensor.data());
      pad(out);
    }
    return out.toByteArray();
  }

  private static int number(TensorType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 30;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q8_0 -> 8;
      case Q4_K -> 12;
      case Q6_K -> 14;
    };
  }

  private static int type(Object value) {
    return switch (value) {
      case Integer _ -> 4;
      case Float _ -> 6;
      case Boolean _ -> 7;
      case String _ -> 8;
      case List<?> _ -> 9;
      case Long _ -> 10;
      default -> throw new IllegalArgumentException(value.getClass().toString());
    };
  }

  private static void putValue(ByteArrayOutputStream out, Object value) {
    switch (value) {
      case Integer number -> putInt(out, number);
      case Long number -> putLong(out, number);
      case Float number -> putInt(out, Float.floatToIntBits(number));
      case Boolean truth -> out.write(truth ? 1 : 0);
      case String text -> putString(out, text);
      case List<?> list -> {
        putInt(out, list.isEmpty() ? 4 : type(list.getFirst()));
        putLong(out, list.size());
        list.forEach(element -> putValue(out, element));
      }
      default -> throw new IllegalArgumentException(value.getClass().toString());
    }
  }

  private static void putString(ByteArrayOutputStream out, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    putLong(out, utf8.length);
    out.writeBytes(utf8);
  }

  private static void putInt(ByteArrayOutputStream out, int value) {
    putLittleEndian(out, Integer.toUnsignedLong(value), Integer.BYTES);
  }

  private static void putLong(ByteArrayOutputStream out, long value) {
    putLittleEndian(out, value, Long.BYTES);
  }

  private static void pad(ByteArrayOutputStream out) {
    out.writeBytes(new byte[Math.ceilDiv(out.size(), 32) * 32 - out.size()]);
  }

  private static void putLittleEndian(ByteArrayOutputStream out, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> (8 * i)));
    }
  }
}
