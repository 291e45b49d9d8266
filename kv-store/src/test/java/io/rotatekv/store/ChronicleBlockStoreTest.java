package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.store.Chains.Read;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ChronicleBlockStoreTest extends BlockStoreContract {

  @Override
  ChronicleBlockStore open(StoreConfig config) {
    return ChronicleBlockStore.open(config, clock, Runnable::run);
  }

  @Test
  void theMappedBytesAreNearTheCapacity() {
    StoreConfig config = StoreConfig.defaults().withCapacity(64L << 20);
    try (ChronicleBlockStore store = open(config)) {
      StoreStats stats = store.stats();
      assertEquals(64L << 20, stats.space().capacity());
      assertTrue(stats.space().mapped() < stats.space().capacity() * 1.03, stats.toString());
    }
  }

  @Test
  void everyPageCanBeFilled() {
    try (ChronicleBlockStore store = open(CONFIG)) {
      Chains.store(store, 1, 0, 8);
      assertEquals(CONFIG.capacityBytes(), store.stats().space().used());
      assertEquals(8 * Chains.LAYERS, Chains.get(store, Chains.keys(1, 8)).size());
    }
  }

  @Test
  void aFlippedBitIsNeverServedAndDropsItsSet() {
    try (ChronicleBlockStore store = open(CONFIG)) {
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
    try (ChronicleBlockStore store = open(CONFIG.withLease(java.time.Duration.ZERO))) {
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
