package io.rotatekv.kernels.simd;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import java.lang.foreign.MemorySegment;

/** Unpacks rows of every stored form into FP32, to the bits of the scalar one. */
final class Dequantizer {

  private Dequantizer() {}

  /**
   * Unpacks columns {@code from} to {@code from + count - 1} of a row.
   *
   * @param from first column, a multiple of the type's block
   * @param count columns, a multiple of the type's block
   */
  static void unpack(Matrix w, int row, int from, int count, float[] out, int offset) {
    TensorType type = w.type();
    MemorySegment data = w.data();
    int first = from / type.blockElements();
    int blocks = count / type.blockElements();
    long at = row * w.rowBytes() + (long) first * type.blockBytes();
    switch (type) {
      case F32 -> Plain.f32(data, at, count, out, offset);
      case F16 -> Plain.f16(data, at, count, out, offset);
      case BF16 -> Plain.bf16(data, at, count, out, offset);
      case Q4_0 -> SmallBlocks.q40(data, at, blocks, out, offset);
      case Q4_1 -> SmallBlocks.q41(data, at, blocks, out, offset);
      case Q8_0 -> SmallBlocks.q80(data, at, blocks, out, offset);
      case Q4_K -> LargeBlocks.q4k(data, at, blocks, out, offset);
      case Q6_K -> LargeBlocks.q6k(data, at, blocks, out, offset);
    }
  }
}
