package io.rotatekv.model.calibration;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Numbers that FP16 holds, as its bytes, little-endian. */
final class Halves {

  private Halves() {}

  static byte[] bytes(float[] numbers) {
    ByteBuffer buffer =
        ByteBuffer.allocate(numbers.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float number : numbers) {
      buffer.putShort(Float.floatToFloat16(number));
    }
    return buffer.array();
  }

  static float[] numbers(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    float[] numbers = new float[bytes.length / Short.BYTES];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Float.float16ToFloat(buffer.getShort());
    }
    return numbers;
  }
}
