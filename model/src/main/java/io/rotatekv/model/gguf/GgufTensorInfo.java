package io.rotatekv.model.gguf;

import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.Tensor;
import java.nio.file.Path;

/**
 * An entry of the tensor directory.
 *
 * @param columns elements of a row, the file's first dimension
 * @param rows product of the other dimensions
 * @param offset bytes from the start of the tensor data
 */
record GgufTensorInfo(String name, TensorType type, int rows, int columns, long offset) {

  /** Fewest bytes an entry takes: length of the name, number of dimensions, type, offset. */
  static final int LEAST_BYTES = Long.BYTES + Integer.BYTES + Integer.BYTES + Long.BYTES;

  private static final int MAX_DIMENSIONS = 4;

  private static final long MAX_ELEMENTS = 1L << 40;

  static GgufTensorInfo read(GgufCursor cursor, Path path) {
    String name = cursor.readString();
    int dimensions = cursor.readInt();
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw cursor.damaged(
          "tensor %s has %s dimensions".formatted(name, Integer.toUnsignedString(dimensions)));
    }
    int columns = 1;
    int rows = 1;
    for (int i = 0; i < dimensions; i++) {
      long size = cursor.readLong();
      if (size < 1 || size > Integer.MAX_VALUE / (i == 0 ? 1 : rows)) {
        throw cursor.damaged(
            "dimension %d of tensor %s is %s".formatted(i, name, Long.toUnsignedString(size)));
      }
      if (i == 0) {
        columns = (int) size;
      } else {
        rows *= (int) size;
      }
    }
    // So that a size in bytes never overflows.
    if ((long) rows * columns > MAX_ELEMENTS) {
      throw cursor.damaged("tensor %s is %d x %d".formatted(name, rows, columns));
    }
    TensorType type = type(path, name, cursor.readInt());
    if (columns % type.blockElements() != 0) {
      throw cursor.damaged(
          "rows of tensor %s have %d elements, not whole %s blocks".formatted(name, columns, type));
    }
    return new GgufTensorInfo(name, type, rows, columns, cursor.readLong());
  }

  /** The tensor in the file, whose tensor data begin at {@code dataStart}. */
  Tensor locate(MappedFile file, long dataStart) {
    long size = type.rowBytes(columns) * rows;
    long available = file.bytes().byteSize() - dataStart;
    if (offset < 0 || offset > available - size) {
      throw new ModelException(
          "%s: truncated or damaged GGUF file (tensor %s needs %d bytes at %s of %d bytes of data);"
                  .formatted(
                      file.path(),
                      name,
                      size,
                      Long.toUnsignedString(offset),
                      Math.max(0, available))
              + " fetch it again");
    }
    return new Tensor(name, type, rows, columns, file.bytes().asSlice(dataStart + offset, size));
  }

  /** Type numbers of ggml. */
  private static TensorType type(Path path, String name, int number) {
    return switch (number) {
      case 0 -> TensorType.F32;
      case 1 -> TensorType.F16;
      case 2 -> TensorType.Q4_0;
      case 3 -> TensorType.Q4_1;
      case 8 -> TensorType.Q8_0;
      case 12 -> TensorType.Q4_K;
      case 14 -> TensorType.Q6_K;
      case 30 -> TensorType.BF16;
      default ->
          throw new ModelException(
              ("%s: tensor %s has GGML type %s, which is not supported; use a file quantized to"
                      + " Q4_0, Q4_1, Q8_0, Q4_K or Q6_K, or F32, F16, BF16")
                  .formatted(path, name, Integer.toUnsignedString(number)));
    };
  }
}
