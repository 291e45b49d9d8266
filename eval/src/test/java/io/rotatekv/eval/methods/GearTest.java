package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.StoredLayer;
import org.junit.jupiter.api.Test;

final class GearTest {

  private static final KvShape SHAPE = new KvShape(1, 1, 2);

  @Test
  void aRankOfOneCarriesWhatOneBitMissesOfAResidualOfRankOne() {
    // By channel, 1 bit keeps the extremes; the middle token misses (0.25, 0.5), alone.
    float[] keys = {0, 0, 0.25f, 0.5f, 1, 2};
    StoredLayer stored =
        new Gear(1, 3, 1, 0, 20).store(SmallWindow.of(SHAPE, keys.clone(), new float[6]));
    assertArrayEquals(keys, stored.keys(), 1e-5f);
    StoredLayer without =
        new Gear(1, 3, 0, 0, 20).store(SmallWindow.of(SHAPE, keys.clone(), new float[6]));
    assertArrayEquals(new float[] {0, 0, 0, 0, 1, 2}, without.keys());
  }

  @Test
  void outliersOfAChannelAreExactAndLeaveTheScaleToTheOthers() {
    // Without 100 and -9 at the ends of channel 0: 0, 1, 1, and 0 in place of the outliers.
    float[] keys = {100, 0, 0.4f, 0, 1, 0, -9, 0};
    StoredLayer stored =
        new Gear(1, 4, 0, 0.5, 20).store(SmallWindow.of(SHAPE, keys.clone(), new float[8]));
    assertArrayEquals(new float[] {100, 0, 0, 0, 1, 0, -9, 0}, stored.keys());
  }

  @Test
  void tokensWaitUntilTheBufferIsFull() {
    StoredLayer.Recent recent =
        new Gear(2, 64, 4, 0.02, 20)
            .store(SmallWindow.of(SHAPE, new float[8], new float[8]))
            .recent();
    assertEquals(0, recent.keysFrom(18));
    assertEquals(20, recent.keysFrom(19));
    assertEquals(20, recent.valuesFrom(38));
  }

  @Test
  void bitsCountCodesScalesFactorsOutliersAndTheBuffer() {
    float[] x = {5, 0, 1, 2, 3, 9};
    StoredLayer stored =
        new Gear(2, 2, 1, 0.67, 2).store(SmallWindow.of(SHAPE, x.clone(), x.clone()));
    // Two of three tokens are compressed, in one group of tokens; one waits.
    int codes = 2 * 2 * 2 * 2;
    int scales = 32 * (2 + 2);
    int factors = 2 * (2 + 2) * 16;
    // Keys: two of each channel; values: one largest and one smallest of a token; two thirds.
    int outliers = (4 + 6) * 32 * 2 / 3;
    int waiting = 2 * 2 * 16;
    assertEquals(codes + scales + factors + outliers + waiting, stored.bits());
  }
}
