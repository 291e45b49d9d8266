package io.rotatekv.eval.accuracy;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.scalar.Hadamard;

/** The rotation of keys over groups of heads, for looking at. */
final class KeyRotations {

  private KeyRotations() {}

  /** A copy of {@code (tokens, kvDim)} keys, rotated as the codecs do. */
  static float[] rotated(float[] keys, KvShape shape) {
    Hadamard hadamard = Hadamard.of(shape.rotationOrder());
    float[] rotated = keys.clone();
    for (int offset = 0; offset < rotated.length; offset += shape.rotationOrder()) {
      hadamard.forward(rotated, offset);
    }
    return rotated;
  }
}
