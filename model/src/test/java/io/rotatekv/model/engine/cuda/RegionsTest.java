package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

final class RegionsTest {

  private static final long SLAB = 1L << 20;

  @Test
  void regionsNeverOverlapNorCrossSlabsAndAllComesBack() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
    Regions regions = new Regions(SLAB);
    regions.addSlab();
    regions.addSlab();
    TreeMap<Long, Long> live = new TreeMap<>();
    for (int round = 0; round < 5_000; round++) {
      if (random.nextInt(5) < 3 && regions.used() < SLAB) {
        long size = 1L + random.nextInt(3_000);
        long at = regions.take(size).orElseThrow();
        assertEquals(0, at % Regions.ALIGNMENT);
        assertEquals(at / SLAB, (at + size - 1) / SLAB);
        Map.Entry<Long, Long> before = live.floorEntry(at);
        assertTrue(before == null || before.getKey() + before.getValue() <= at);
        Long after = live.higherKey(at);
        assertTrue(after == null || at + size <= after);
        live.put(at, size);
      } else if (!live.isEmpty()) {
        List<Long> starts = new ArrayList<>(live.keySet());
        Long at = starts.get(random.nextInt(starts.size()));
        live.remove(at);
        regions.free(at);
      }
    }
    live.keySet().forEach(regions::free);
    assertEquals(0, regions.used());
    // Each slab in one piece again, and no piece across the two.
    assertTrue(regions.take(SLAB + 1).isEmpty());
    assertEquals(SLAB, regions.take(SLAB).orElseThrow() + regions.take(SLAB).orElseThrow());
    assertTrue(regions.take(1).isEmpty());
  }

  @Test
  void freeingTwiceIsRefused() {
    Regions regions = new Regions(SLAB);
    regions.addSlab();
    long at = regions.take(10).orElseThrow();
    regions.free(at);
    assertThrows(IllegalArgumentException.class, () -> regions.free(at));
  }
}
