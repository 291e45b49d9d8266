package io.rotatekv.model.weights;

import io.rotatekv.kernels.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Which channels of a query or key head the file's rows put side by side for RoPE. */
enum RowOrder {
  /** Row i of a head pairs with row {@code i + headDim / 2}: this project's order. */
  HALVES {
    @Override
    Matrix reorder(Matrix matrix, int headDim, Arena arena) {
      return matrix;
    }

    @Override
    float[] reorder(float[] vector, int headDim) {
      return vector;
    }
  },

  /** Row 2i of a head pairs with row 2i + 1, as GGUF stores the {@code llama} architecture. */
  INTERLEAVED {
    @Override
    Matrix reorder(Matrix matrix, int headDim, Arena arena) {
      long rowBytes = matrix.rowBytes();
      MemorySegment copy = arena.allocate(rowBytes * matrix.rows(), Long.BYTES * 8L);
      for (int row = 0; row < matrix.rows(); row++) {
        long from = interleaved(row, headDim) * rowBytes;
        MemorySegment.copy(matrix.data(), from, copy, row * rowBytes, rowBytes);
      }
      return new Matrix(matrix.type(), copy, matrix.rows(), matrix.columns());
    }

    @Override
    float[] reorder(float[] vector, int headDim) {
      float[] copy = new float[vector.length];
      for (int row = 0; row < copy.length; row++) {
        copy[row] = vector[interleaved(row, headDim)];
      }
      return copy;
    }
  };

  /** The matrix with its rows in this project's order: itself, or a copy in {@code arena}. */
  abstract Matrix reorder(Matrix matrix, int headDim, Arena arena);

  /** The vector with its elements in this project's order: itself or a copy. */
  abstract float[] reorder(float[] vector, int headDim);

  /** Where an interleaved tensor keeps the row that belongs at {@code row}. */
  private static int interleaved(int row, int headDim) {
    int channel = row % headDim;
    int half = headDim / 2;
    return row - channel + 2 * (channel % half) + channel / half;
  }
}
