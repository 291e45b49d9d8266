package io.rotatekv.model.weights;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A named tensor in a mapped file.
 *
 * @param name as the file has it
 * @param type how elements are stored
 * @param rows 1 for a vector
 * @param columns elements of a row
 * @param data the rows, one after the other, little-endian
 */
public record Tensor(String name, TensorType type, int rows, int columns, MemorySegment data) {

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The tensor as a matrix, without a copy. */
  public Matrix toMatrix() {
    return new Matrix(type, data, rows, columns);
  }

  /**
   * A copy of an unquantized tensor.
   *
   * @throws IllegalArgumentException if its type is quantized
   */
  public float[] toFloats() {
    float[] values = new float[Math.multiplyExact(rows, columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case F32 -> data.getAtIndex(FLOAT, i);
            case F16 -> Float.float16ToFloat(data.getAtIndex(SHORT, i));
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(SHORT, i) << 16);
            case Q4_0, Q4_1, Q8_0, Q4_K, Q6_K ->
                throw new IllegalArgumentException("a vector is stored as " + type);
          };
    }
    return values;
  }
}
