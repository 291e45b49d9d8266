package io.rotatekv.model.calibration;

import java.util.Arrays;

/**
 * Sizes of the hidden states entering one layer, from which the threshold of its attention sinks
 * follows: a token is a sink when its largest entry is a massive activation (Sun et al. 2024,
 * "Massive Activations in Large Language Models"), that is above an absolute bound and above a
 * multiple of the layer's median.
 */
final class HiddenSizes {

  /** The paper's absolute bound. */
  private static final float ABSOLUTE = 100f;

  /** The paper's multiple of the median magnitude. */
  private static final float MULTIPLE = 1000f;

  /** Every 97th entry is enough for a median, and prime to any hidden width. */
  private static final int STRIDE = 97;

  private final int width;
  private float[] sample = new float[1 << 12];
  private int count;

  HiddenSizes(int width) {
    this.width = width;
  }

  /** Adds hidden states, {@code (rows, width)}. */
  void add(float[] states, int rows) {
    for (int row = 0; row < rows; row++) {
      for (int i = row % STRIDE; i < width; i += STRIDE) {
        if (count == sample.length) {
          sample = Arrays.copyOf(sample, 2 * count);
        }
        sample[count++] = Math.abs(states[row * width + i]);
      }
    }
  }

  float sinkThreshold() {
    float[] sorted = Arrays.copyOf(sample, count);
    Arrays.sort(sorted);
    return Math.max(ABSOLUTE, MULTIPLE * sorted[count / 2]);
  }
}
