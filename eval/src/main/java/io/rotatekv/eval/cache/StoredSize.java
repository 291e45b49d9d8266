package io.rotatekv.eval.cache;

/**
 * What a cache takes for some keys and values.
 *
 * @param bits all bits: codes, scales, zero points, indices, and what stays in full precision
 * @param elements numbers that they stand for, keys and values together
 */
public record StoredSize(long bits, long elements) {

  public static final StoredSize NONE = new StoredSize(0, 0);

  /** Both together. */
  public StoredSize plus(StoredSize other) {
    return new StoredSize(bits + other.bits, elements + other.elements);
  }

  /** Bits per element; 16, those of a tail in FP16, where nothing has been stored yet. */
  public double averageBits() {
    return elements == 0 ? Short.SIZE : (double) bits / elements;
  }
}
