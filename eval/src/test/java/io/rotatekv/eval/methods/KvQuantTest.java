package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.List;
import org.junit.jupiter.api.Test;

final class KvQuantTest {

  private static final KvShape SHAPE = new KvShape(1, 1, 4);

  private static final KvQuantLayer LAYER =
      new KvQuantLayer(
          new float[] {-1, -2, 0, 0},
          new float[] {1, 2, 8, 0},
          new Levels(new float[] {-0.5f, 0.5f}),
          new Levels(new float[] {-1, 1}));

  private static StoredLayer store(float[] keys, float[] values) {
    return new KvQuant(1, 0.25, List.of(LAYER)).store(SmallWindow.negating(SHAPE, keys, values));
  }

  @Test
  void keysTakeTheirChannelsLevelsBeforeRopeAndOutliersStay() {
    float[] keys = {9, 9, 9, 9, 0.9f, -0.1f, 8.5f, 0};
    StoredLayer stored = store(keys, new float[8]);
    // 0.9 of [-1, 1] to 0.5; -0.1 of [-2, 2] to -1; 8.5 is beyond 8; the first token is kept.
    float[] expected = {-9, -9, -9, -9, -0.5f, 1, -8.5f, -0f};
    assertArrayEquals(expected, stored.keys());
  }

  @Test
  void theFarthestValueOfATokenIsItsOutlierAndTheRestIsScaledByToken() {
    float[] values = {9, 9, 9, 9, 1, 2, 3, 40};
    StoredLayer stored = store(new float[8], values);
    // One of four is an outlier: 40; levels 1 and 3 for the others, 2 is half way, to the lower.
    assertArrayEquals(new float[] {9, 9, 9, 9, 1, 1, 3, 40}, stored.values());
  }

  @Test
  void bitsCountOutliersPointersScalesAndTheFirstToken() {
    float[] keys = {9, 9, 9, 9, 0.9f, -0.1f, 8.5f, 0};
    float[] values = {9, 9, 9, 9, 1, 2, 3, 40};
    int dense = 2 * 4 + 32;
    int sparse = 2 * 32 + 2 * 32;
    int first = 2 * 4 * 16;
    assertEquals(dense + sparse + first, store(keys, values).bits());
  }

  @Test
  void calibrationCutsTheOutliersOfAChannelAndPlacesLevelsAmongTheRest() {
    int tokens = 800;
    float[] keys = new float[tokens];
    float[] values = new float[tokens];
    for (int token = 0; token < tokens; token++) {
      keys[token] = token % 8 < 4 ? -1 : 1;
      values[token] = 1;
    }
    keys[3] = -100;
    keys[5] = 100;
    KvQuantLayer layer = KvQuantLayer.calibrate(keys, values, 1, 1, 0.005);
    assertEquals(-1, layer.low()[0]);
    assertEquals(1, layer.high()[0]);
    assertArrayEquals(new float[] {-1, 1}, layer.keys().values());
  }
}
