package io.rotatekv.eval.methods;

import java.util.Arrays;

/** Entries that are kept in full precision, in coordinates beside the dense matrix. */
final class Outliers {

  /** Bits of an outlier: an FP16 number and a 16-bit index within its vector. */
  static final int BITS = 32;

  private final boolean[] kept;
  private long count;

  /** None yet, of a matrix of {@code size} entries. */
  Outliers(int size) {
    kept = new boolean[size];
  }

  boolean contains(int index) {
    return kept[index];
  }

  long bits() {
    return count * BITS;
  }

  void add(int index) {
    if (!kept[index]) {
      kept[index] = true;
      count++;
    }
  }

  /**
   * Takes the {@code each} largest and the {@code each} smallest entries of a vector whose entries
   * are {@code stride} apart.
   */
  void addExtremes(float[] x, int offset, int count, int stride, int each) {
    if (each == 0) {
      return;
    }
    float[] sorted = new float[count];
    for (int i = 0; i < count; i++) {
      sorted[i] = x[offset + i * stride];
    }
    Arrays.sort(sorted);
    float low = sorted[each - 1];
    float high = sorted[count - each];
    int lowLeft = each;
    int highLeft = each;
    for (int i = 0, at = offset; i < count; i++, at += stride) {
      if (x[at] <= low && lowLeft > 0) {
        lowLeft--;
        add(at);
      } else if (x[at] >= high && highLeft > 0) {
        highLeft--;
        add(at);
      }
    }
  }
}
