package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.ErrorFeedback;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The order of weights as {@code encode_shaped_keys.cu} reads it. */
final class FeedbackTablesTest {

  private static final int SPAN = 48;

  @Test
  void aPanelsRowsBeginWithItsFirstColumn() {
    float[] packed = new float[2 * SPAN * (SPAN + FeedbackTables.PANEL) / 2];

    FeedbackTables.pack(
        new ErrorFeedback(SPAN, new float[][] {weights(0), weights(1)}),
        MemorySegment.ofArray(packed));

    int at = 0;
    for (int chunk = 0; chunk < 2; chunk++) {
      for (int row = 0; row < SPAN; row++) {
        for (int column = row / 16 * 16; column < SPAN; column++) {
          assertEquals(weight(chunk, row, column), packed[at++]);
        }
      }
    }
    assertEquals(packed.length, at);
  }

  private static float[] weights(int chunk) {
    float[] weights = new float[SPAN * SPAN];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = weight(chunk, i / SPAN, i % SPAN);
    }
    return weights;
  }

  private static float weight(int chunk, int row, int column) {
    return 10_000 * chunk + 100 * row + column;
  }
}
