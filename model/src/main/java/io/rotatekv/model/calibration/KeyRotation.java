package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.scalar.Hadamard;

/** The rotations of the codecs, applied to one token's keys or values. */
final class KeyRotation {

  private final KvShape shape;
  private final Hadamard keys;
  private final Hadamard values;

  KeyRotation(KvShape shape) {
    this.shape = shape;
    this.keys = Hadamard.of(shape.rotationOrder());
    this.values = Hadamard.of(shape.headDim());
  }

  /** Rotates keys over each group of consecutive KV heads, {@code (kvDim)} in place. */
  void rotate(float[] row) {
    apply(keys, shape.rotationOrder(), row);
  }

  /** Rotates values per KV head, {@code (kvDim)} in place. */
  void rotateValues(float[] row) {
    apply(values, shape.headDim(), row);
  }

  private static void apply(Hadamard rotation, int order, float[] row) {
    for (int offset = 0; offset < row.length; offset += order) {
      rotation.forward(row, offset);
    }
  }
}
