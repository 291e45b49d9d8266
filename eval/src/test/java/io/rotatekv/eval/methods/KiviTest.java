package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class KiviTest {

  private static final KvShape SHAPE = new KvShape(1, 1, 2);

  // Five tokens of two channels.
  private static final float[] X = {0, 10, 3, 13, 1, 12, 6, 10, 7, 70};

  @Test
  void keysAreQuantizedByChannelAfterRopeAndValuesByToken() {
    StoredLayer stored = new Kivi(1, 2, 2).store(SmallWindow.negating(SHAPE, X.clone(), X.clone()));
    // Groups of two tokens of a channel have two elements: one bit keeps both. So do values.
    float[] negated = {0, -10, -3, -13, -1, -12, -6, -10, -7, -70};
    assertArrayEquals(negated, stored.keys(), 1e-6f);
    assertArrayEquals(X, stored.values());
  }

  @Test
  void groupsOfKeysShareAScaleOverTokens() {
    StoredLayer stored = new Kivi(1, 4, 4).store(SmallWindow.of(SHAPE, X.clone(), X.clone()));
    // Channel 0: 0, 3, 1, 6 between 0 and 6 (3 is half way, to even); channel 1: 10, 13, 12, 10.
    float[] expected = {0, 10, 0, 13, 0, 13, 6, 10};
    assertArrayEquals(expected, Arrays.copyOf(stored.keys(), 8));
  }

  @Test
  void keysWaitForAWholeResidualAndValuesForTheirTurn() {
    StoredLayer.Recent recent =
        new Kivi(2, 32, 128).store(SmallWindow.of(SHAPE, X.clone(), X.clone())).recent();
    assertEquals(0, recent.keysFrom(126));
    assertEquals(128, recent.keysFrom(127));
    assertEquals(128, recent.keysFrom(254));
    assertEquals(0, recent.valuesFrom(127));
    assertEquals(1, recent.valuesFrom(128));
  }

  @Test
  void bitsCountWhatWaitsAtSixteen() {
    StoredLayer stored = new Kivi(2, 2, 2).store(SmallWindow.of(SHAPE, X.clone(), X.clone()));
    // Keys: 4 tokens quantized, 1 waits; values: 3 quantized, 2 wait.
    int keys = 4 * 2 * 2 + 2 * 2 * 32 + 2 * 16;
    int values = 3 * 2 * 2 + 3 * 32 + 2 * 2 * 16;
    assertEquals(keys + values, stored.bits());
  }
}
