package io.rotatekv.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The bytes of a C struct, built field by field in the struct's order with natural alignment. */
public final class KernelArguments {

  /** The most that a kernel's parameters take on every architecture. */
  private static final int MAX_BYTES = 4096;

  private final ByteBuffer fields = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());
  private int alignment = 1;

  private KernelArguments() {}

  /** An empty struct. */
  public static KernelArguments build() {
    return new KernelArguments();
  }

  /** Adds a pointer to device memory; 0 is null. */
  public KernelArguments address(long value) {
    return int64(value);
  }

  /** Adds a 32-bit integer. */
  public KernelArguments int32(int value) {
    align(Integer.BYTES).putInt(value);
    return this;
  }

  /** Adds a 64-bit integer. */
  public KernelArguments int64(long value) {
    align(Long.BYTES).putLong(value);
    return this;
  }

  /** Adds a float. */
  public KernelArguments float32(float value) {
    align(Float.BYTES).putFloat(value);
    return this;
  }

  /** The struct so far, padded to a multiple of its widest field as in C. */
  byte[] bytes() {
    return Arrays.copyOf(fields.array(), roundUp(fields.position(), alignment));
  }

  private ByteBuffer align(int bytes) {
    alignment = Math.max(alignment, bytes);
    return fields.position(roundUp(fields.position(), bytes));
  }

  private static int roundUp(int value, int unit) {
    return (value + unit - 1) / unit * unit;
  }
}
