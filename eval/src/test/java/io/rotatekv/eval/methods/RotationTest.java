package io.rotatekv.eval.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.eval.methods.RotationSpec.Reorder;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Round-to-nearest, QuaRot and the steps of RotateKV. */
final class RotationTest {

  private static final KvShape PAIR = new KvShape(1, 1, 2);
  private static final KvShape TWO_HEADS = new KvShape(1, 2, 2);

  private static Rotation method(RotationSpec spec, KvShape shape, float... sample) {
    return new Rotation(spec, List.of(KeyTransform.of(spec, shape, sample)), new float[] {50});
  }

  @Test
  void roundToNearestTakesALevelBetweenTheExtremesOfAGroup() {
    float[] x = {0, 0.8f, 2.2f, 3};
    KvShape shape = new KvShape(1, 1, 4);
    StoredLayer stored =
        method(RotationSpec.plain(2, 4), shape).store(SmallWindow.negating(shape, x, x));
    assertArrayEquals(new float[] {0, -1, -2, -3}, stored.keys());
    assertArrayEquals(new float[] {0, 1, 2, 3}, stored.values());
    assertEquals(2 * (4 * 2 + 32), stored.bits());
  }

  @Test
  void quaRotSpreadsAnOutlierOverItsHeadSoThatTheRotatedChannelsAreEqual() {
    // H (8, 0) = (5.66, 5.66): a constant group, kept but for FP16.
    float[] x = {8, 0};
    StoredLayer stored =
        method(RotationSpec.plain(2, 2).withHeads(1), PAIR).store(SmallWindow.of(PAIR, x, x));
    assertArrayEquals(x, stored.keys(), 5e-3f);
    assertArrayEquals(x, stored.values(), 5e-3f);
  }

  @Test
  void quaRotQuantizesKeysAndValuesInTheRotatedBasis() {
    KvShape shape = new KvShape(1, 1, 4);
    float[] x = {5, 1, 2, 0};
    StoredLayer stored =
        method(RotationSpec.plain(1, 4).withHeads(1), shape).store(SmallWindow.of(shape, x, x));
    // H x = (4, 3, 2, 1); scale 3, zero point 0, levels 0 and 3: (3, 3, 3, 0), and H back.
    float[] expected = {4.5f, 1.5f, 1.5f, -1.5f};
    assertArrayEquals(expected, stored.keys(), 1e-5f);
    assertArrayEquals(expected, stored.values(), 1e-5f);
  }

  @Test
  void groupedHeadsSpreadAnOutlierOverAllOfThem() {
    float[] keys = {8, 0, 0, 0};
    RotationSpec one = RotationSpec.plain(2, 4).withPreRope().withHeads(1);
    LayerWindow window = SmallWindow.of(TWO_HEADS, keys, new float[4]);
    float[] apart = method(one, TWO_HEADS).store(window).keys();
    float[] together = method(one.withHeads(2), TWO_HEADS).store(window).keys();
    // Together (4, 4, 4, 4) is constant; apart (5.66, 5.66, 0, 0) has a whole zero point, exact
    // too.
    assertArrayEquals(keys, together, 5e-3f);
    assertArrayEquals(keys, apart, 5e-3f);
    float[] rotated = keys.clone();
    KeyTransform.of(one.withHeads(2), TWO_HEADS, new float[0]).forward(rotated);
    assertArrayEquals(new float[] {4, 4, 4, 4}, rotated, 1e-6f);
  }

  @Test
  void reorderingGathersChannelsOfLikeMeansInOneGroup() {
    RotationSpec spec = RotationSpec.plain(1, 2).withPreRope().withReorder(Reorder.AFTER);
    float[] keys = {0, 100, 1, 101};
    StoredLayer stored =
        method(spec, TWO_HEADS, 0, 100, 1, 101)
            .store(SmallWindow.of(TWO_HEADS, keys, new float[4]));
    // Groups (0, 1) and (100, 101), scale 1. Unordered, (0, 100) and (1, 101) would do at one bit.
    assertArrayEquals(keys, stored.keys());
    float[] mixed = {0, 1, 100, 101};
    StoredLayer lost =
        method(spec, TWO_HEADS, 0, 100, 1, 101)
            .store(SmallWindow.of(TWO_HEADS, mixed, new float[4]));
    assertArrayEquals(new float[] {0, 0, 100, 100}, lost.keys());
  }

  @Test
  void smoothingDividesChannelsByTheRootOfTheirLargestMagnitude() {
    float[] keys = {4, 9, -16, 1};
    KeyTransform transform =
        KeyTransform.of(
            RotationSpec.plain(2, 4).withSmooth(), TWO_HEADS, new float[] {4, 9, -16, 0});
    transform.forward(keys);
    assertArrayEquals(new float[] {2, 3, -4, 1}, keys, 1e-6f);
  }

  @Test
  void everyTransformIsUndone() {
    KvShape shape = new KvShape(1, 3, 16);
    Random random = new Random(7);
    float[] keys = new float[10 * shape.kvDim()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (float) random.nextGaussian() * (1 + i % 5);
    }
    for (Reorder reorder : Reorder.values()) {
      for (int heads : new int[] {0, 1, 3}) {
        RotationSpec spec =
            RotationSpec.plain(2, 16).withHeads(heads).withSmooth().withReorder(reorder);
        KeyTransform transform = KeyTransform.of(spec, shape, keys);
        float[] copy = keys.clone();
        transform.forward(copy);
        transform.copy().inverse(copy);
        assertArrayEquals(keys, copy, 1e-4f, spec.toString());
      }
    }
  }

  @Test
  void sinksStayExactAndAreCountedAtSixteenBits() {
    float[] x = {0.3f, 9, 0.3f, 9, 0.3f, 0.4f};
    LayerWindow plain = SmallWindow.of(PAIR, x, x);
    LayerWindow window =
        new LayerWindow(
            0,
            PAIR,
            3,
            x,
            x,
            new float[] {1, 60, 1},
            plain.queries(),
            plain.queryRows(),
            plain.rope());
    RotationSpec spec = RotationSpec.plain(2, 2).withPreRope().withSinks();
    StoredLayer stored = method(spec, PAIR).store(window);
    assertEquals(0.3f, stored.keys()[2]);
    assertEquals(0.3f, stored.values()[2]);
    assertTrue(Math.abs(stored.keys()[0] - 0.3f) > 0.1f, "token 0 is quantized");
    // A token: two groups of two codes; the sink: four numbers; a bit of each token says which.
    assertEquals(2 * 2 * (2 * 2 + 32) + 4 * 16 + 3, stored.bits());
  }
}
