package io.rotatekv.kernels.tensor;

/** How the elements of a weight matrix are stored; the quantized forms are those of GGML. */
public enum TensorType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  /** 32 weights {@code d * (q - 8)}: FP16 d, 16 bytes of nibbles. */
  Q4_0(32, 18),
  /** 32 weights {@code d * q + m}: FP16 d and m, 16 bytes of nibbles. */
  Q4_1(32, 20),
  /** 32 weights {@code d * q}: FP16 d, 32 signed bytes. */
  Q8_0(32, 34),
  /** 256 weights in 8 sub-blocks with 6-bit scales and minima: 144 bytes. */
  Q4_K(256, 144),
  /** 256 weights in 16 sub-blocks with 8-bit scales: 210 bytes. */
  Q6_K(256, 210);

  private final int blockElements;
  private final int blockBytes;

  TensorType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** Elements that are stored together. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes that {@link #blockElements} take. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Bytes of a row of {@code columns} elements, a multiple of {@link #blockElements}. */
  public long rowBytes(int columns) {
    return (long) columns / blockElements * blockBytes;
  }
}
