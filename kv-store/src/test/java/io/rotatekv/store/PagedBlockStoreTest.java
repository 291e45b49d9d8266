package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.store.Chains.Read;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PagedBlockStoreTest extends BlockStoreContract {

  @Override
  PagedBlockStore open(StoreConfig config) {
    return PagedBlockStore.open(config, clock, Runnable::run);
  }

  @Test
  void memoryAndFileAreAsLargeAsConfiguredWithinThreePercent(@TempDir Path folder)
      throws Exception {
    for (long capacity : new long[] {16L << 20, (100L << 20) + 12_345, 256L << 20}) {
      StoreConfig memory = StoreConfig.defaults().withCapacity(capacity);
      try (PagedBlockStore store = open(memory)) {
        assertWithinThreePercent(capacity, store.stats().space().mapped());
        assertWithinThreePercent(capacity, store.stats().space().capacity());
        assertEquals(0, store.stats().space().file());
      }
      Path file = folder.resolve("store-" + capacity);
      try (PagedBlockStore store = open(memory.withFile(file))) {
        StoreStats.Space space = store.stats().space();
        assertEquals(capacity, space.configured());
        assertEquals(Files.size(file), space.file());
        assertWithinThreePercent(capacity, space.file());
        assertWithinThreePercent(capacity, space.mapped());
      }
    }
  }

  private static void assertWithinThreePercent(long configured, long actual) {
    assertTrue(
        Math.abs(actual - configured) <= configured * 0.03,
        () -> "configured %d, is %d".formatted(configured, actual));
  }

  @Test
  void aChainThatIsReadOftenOutlivesAScanOfOthers() {
    try (PagedBlockStore store = open(CONFIG.withLease(java.time.Duration.ZERO))) {
      Chains.store(store, 1, 0, 2);
      Chains.store(store, 2, 0, 6); // Full; below half of it the policy records no reads.
      for (int read = 0; read < 10; read++) {
        assertEquals(2 * Chains.LAYERS, readWholeSets(store, 1));
      }
      for (int chain = 100; chain < 150; chain++) {
        Chains.store(store, chain, 0, 1);
      }
      assertEquals(2 * Chains.LAYERS, readWholeSets(store, 1));
    }
  }

  @Test
  void everyPageCanBeFilled() {
    try (PagedBlockStore store = open(CONFIG)) {
      Chains.store(store, 1, 0, 8);
      assertEquals(CONFIG.capacityBytes(), store.stats().space().used());
      assertEquals(8 * Chains.LAYERS, Chains.get(store, Chains.keys(1, 8)).size());
    }
  }

  @Test
  void aFlippedBitIsNeverServedAndDropsItsSet() {
    try (PagedBlockStore store = open(CONFIG)) {
      Chains.store(store, 1, 0, 2);
      StoredSet set =
          Objects.requireNonNull(
              store.index().use(Chains.NAMESPACE, Chains.key(1, 1), clock.millis()).set());
      long damaged = set.manifest().id();
      MemorySegment flipped = MemorySegment.ofArray(new byte[1]);
      assertTrue(store.pages().read(damaged, CONFIG.pageBytes() + 100, flipped));
      flipped.set(ValueLayout.JAVA_BYTE, 0, (byte) (flipped.get(ValueLayout.JAVA_BYTE, 0) ^ 4));
      store.pages().write(damaged, 1, 100, flipped);

      List<Read> reads = Chains.get(store, Chains.keys(1, 2));
      Read corrupt = Read.missed(1, MissReason.MISS_REASON_CORRUPT);
      assertEquals(1, reads.stream().filter(corrupt::equals).count());
      assertTrue(Chains.assertRight(Chains.keys(1, 2), reads) >= Chains.LAYERS);
      assertEquals(
          new PrefixMatch(1, MissReason.MISS_REASON_CORRUPT),
          store.lookupPrefix(Chains.NAMESPACE, Chains.keys(1, 2)));
      assertEquals(3L * CONFIG.pageBytes(), store.stats().space().used());
    }
  }

  @Test
  void underConcurrentPutsAndEvictionsReadersSeeWholeSetsOrNone() throws Exception {
    try (PagedBlockStore store = open(CONFIG.withLease(java.time.Duration.ZERO))) {
      AtomicBoolean stop = new AtomicBoolean();
      Thread writer =
          Thread.ofPlatform()
              .start(() -> {
                for (int round = 0; round < 400; round++) {
                  Chains.store(store, round % 7, 0, 2);
                }
                stop.set(true);
              });
      int seen = 0;
      while (!stop.get() || seen == 0) {
        for (int chain = 0; chain < 7; chain++) {
          seen += readWholeSets(store, chain);
        }
      }
      writer.join();
      assertTrue(store.stats().flow().evictedSets() > 0);
      assertTrue(store.stats().space().used() <= CONFIG.capacityBytes());
      assertEquals(0, store.stats().misses().getOrDefault(MissReason.MISS_REASON_CORRUPT, 0L));
    }
  }

  private static int readWholeSets(BlockStore store, int chain) {
    return Chains.assertRight(Chains.keys(chain, 2), Chains.get(store, Chains.keys(chain, 2)));
  }
}
