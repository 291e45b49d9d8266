package io.rotatekv.kernels.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A weight matrix where it lies, usually in a memory-mapped file: {@code y = W x}.
 *
 * @param type how elements are stored
 * @param data the rows, one after the other, little-endian
 * @param rows outputs
 * @param columns inputs, a multiple of the type's block
 */
public record Matrix(TensorType type, MemorySegment data, int rows, int columns) {

  public Matrix {
    long need = type.rowBytes(columns) * rows;
    if (columns % type.blockElements() != 0 || data.byteSize() < need) {
      throw new IllegalArgumentException(
          "%s matrix of %d x %d needs %d bytes in blocks of %d columns, got %d bytes"
              .formatted(type, rows, columns, need, type.blockElements(), data.byteSize()));
    }
  }

  /** Refuses inputs {@code (n, columns)} or outputs {@code (n, rows)} that are too short. */
  public void checkProduct(float[] x, int n, float[] y) {
    if (n < 0 || (long) n * columns > x.length || (long) n * rows > y.length) {
      throw new IllegalArgumentException(
          "%d products with a matrix of %d x %d need %d inputs and %d outputs, got %d and %d"
              .formatted(
                  n, rows, columns, (long) n * columns, (long) n * rows, x.length, y.length));
    }
  }

  /** Bytes of one row. */
  public long rowBytes() {
    return type.rowBytes(columns);
  }
}
