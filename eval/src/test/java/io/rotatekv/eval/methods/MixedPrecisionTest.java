package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** MiKV and ZipCache, whose tokens differ in precision. */
final class MixedPrecisionTest {

  private static final KvShape SHAPE = new KvShape(1, 1, 4);

  /** Four tokens of four channels; every query looks at token 1 as soon as it can see it. */
  private static LayerWindow window() {
    float[] keys = new float[16];
    float[] queries = new float[16];
    for (int token = 0; token < 4; token++) {
      keys[token * 4] = token == 1 ? 10 : 0;
      queries[token * 4] = 10;
    }
    float[] values = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
    return SmallWindow.of(SHAPE, keys, values, queries);
  }

  @Test
  void saliencyIsTheAttentionThatTokensGather() {
    LayerWindow window = window();
    Saliency saliency = Saliency.of(window, window.keys(), new int[] {0, 1, 2, 3});
    assertArrayEquals(new float[] {1, 3, 0, 0}, saliency.attention()[0], 1e-6f);
    assertArrayEquals(new int[] {4, 3, 2, 1}, saliency.seen());
  }

  @Test
  void miKvKeepsHeavyHittersAndTheNewestAtMoreBits() {
    StoredLayer stored = new MiKv(1, 2, 0.5).store(window());
    // Important: token 1 by attention, token 3 by age. One bit leaves 0 and 3 of 0, 1, 2, 3.
    float[] fine = {0, 1, 2, 3};
    float[] coarse = {0, 0, 3, 3};
    for (int token = 0; token < 4; token++) {
      float[] row = Arrays.copyOfRange(stored.values(), token * 4, token * 4 + 4);
      assertArrayEquals(token % 2 == 1 ? fine : coarse, row, "token " + token);
    }
  }

  @Test
  void miKvCountsBothPrecisionsScalesTheMaskAndTheBalancer() {
    long codes = 2 * (2 * 4 + 2 * 4 * 2);
    assertEquals(codes + 8 * 32 + 4 + 4 * 16, new MiKv(1, 2, 0.5).store(window()).bits());
  }

  @Test
  void miKvBalancesQueriesAgainstKeysBeforeItQuantizes() {
    // Channel 0: keys up to 16, queries up to 1; channel 1 the other way: both become 4.
    KvShape shape = new KvShape(1, 1, 2);
    float[] keys = {16, 1, 16, 0.4f};
    float[] queries = {1, 16, 1, 16};
    StoredLayer stored =
        new MiKv(1, 1, 0).store(SmallWindow.of(shape, keys, new float[4], queries));
    // Token 1 becomes (4, 1.6); one bit keeps both of a group of two.
    assertArrayEquals(new float[] {16, 1, 16, 0.4f}, stored.keys(), 1e-2f);
    float[] unbalanced = {16, 1, 2, 16, 1, 2};
    KvShape three = new KvShape(1, 1, 3);
    float[] looking = {1, 16, 8, 1, 16, 8};
    StoredLayer balanced =
        new MiKv(1, 1, 0).store(SmallWindow.of(three, unbalanced, new float[6], looking));
    // All three channels become 4: nothing is lost, where plain one bit would turn 2 into 1.
    assertArrayEquals(unbalanced, balanced.keys(), 1e-2f);
  }

  @Test
  void zipCacheDividesAttentionByThoseWhoCouldSee() {
    StoredLayer stored = new ZipCache(1, 2, 0.25).store(window());
    float[] salient = Arrays.copyOfRange(stored.values(), 4, 8);
    // Alone at two bits, divided by sqrt(max), which leaves its channels as 0, 1, 1.41, 1.73.
    float third = (float) Math.sqrt(3) / 3;
    float[] expected = {0, 2 * third, 2 * third * (float) Math.sqrt(2), 3};
    assertArrayEquals(expected, salient, 2e-3f);
  }

  @Test
  void zipCacheCountsChannelsAndTokensOfBothPrecisions() {
    StoredLayer stored = new ZipCache(1, 2, 0.25).store(window());
    long keys = (4 * 2 + 4 * 32) + (3 * 4 + 4 * 32);
    long values = (4 * 2 + 32 + 4 * 16) + (3 * 4 + 3 * 32 + 4 * 16);
    assertEquals(4 + keys + values, stored.bits());
  }
}
