package io.rotatekv.store;

import static io.rotatekv.store.Chains.NAMESPACE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every engine behind {@link BlockStore} must do. */
abstract class BlockStoreContract {

  /** Room for 8 sets of 3 pages. */
  static final StoreConfig CONFIG =
      StoreConfig.defaults()
          .withPageBytes(4096)
          .withCapacity(24 * 4096)
          .withLease(Duration.ofSeconds(5));

  final MutableClock clock = new MutableClock();
  private BlockStore store = open(CONFIG);

  abstract BlockStore open(StoreConfig config);

  @BeforeEach
  void isEmpty() {
    assertEquals(0, store.stats().usedBytes());
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void reopen(StoreConfig config) {
    store.close();
    store = open(config);
  }

  private static void assertReason(
      ErrorReason reason, org.junit.jupiter.api.function.Executable action) {
    assertEquals(reason, assertThrows(ServiceException.class, action).reason());
  }

  private PrefixMatch lookup(int chain, int count) {
    return store.lookupPrefix(NAMESPACE, Chains.keys(chain, count));
  }

  @Test
  void servesWhatWasCommittedInLayerOrder() {
    Chains.store(store, 1, 0, 2);
    List<BlockCursor.Item> items = Chains.get(store, Chains.keys(1, 2));
    assertEquals(2 * Chains.LAYERS, items.size());
    for (int i = 0; i < items.size(); i++) {
      BlockCursor.Block block = assertInstanceOf(BlockCursor.Block.class, items.get(i));
      assertEquals(i % 2, block.keyIndex());
      assertEquals(i / 2, block.layer());
      assertEquals(Chains.block(Chains.key(1, i % 2), i / 2), block.bytes());
      assertEquals(BlockBatches.crc32c(block.bytes()), block.crc32c());
    }
  }

  @Test
  void servesTheLayersAskedFor() {
    Chains.store(store, 1, 0, 1);
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 1), 1, 1)) {
      BlockCursor.Block block = assertInstanceOf(BlockCursor.Block.class, cursor.next());
      assertEquals(1, block.layer());
      assertEquals(Chains.block(Chains.key(1, 0), 1), block.bytes());
      assertEquals(null, cursor.next());
    }
  }

  @Test
  void blocksLongerThanPagesComeBackWhole() {
    PutSpec spec = new PutSpec("p", 1, NAMESPACE, 2, Chains.sets(1, 0, 1));
    byte[] large = new byte[3 * 4096 + 17];
    new java.util.Random(3).nextBytes(large);
    try (OpenPut put = store.beginPut(spec)) {
      for (int layer = 0; layer < 2; layer++) {
        ByteBuffer block = ByteBuffer.wrap(large);
        put.add(0, layer, block, BlockBatches.crc32c(block));
      }
      put.commit();
    }
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 1), 1, 1)) {
      BlockCursor.Block block = assertInstanceOf(BlockCursor.Block.class, cursor.next());
      assertEquals(ByteBuffer.wrap(large), block.bytes());
    }
  }

  @Test
  void nothingIsSeenBeforeTheCommit() {
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 2));
    try (OpenPut put = store.beginPut(spec)) {
      Chains.fill(put, spec);
      assertEquals(new PrefixMatch(0, MissReason.MISS_REASON_ABSENT), lookup(1, 2));
      put.commit();
    }
    assertEquals(new PrefixMatch(2, MissReason.MISS_REASON_UNSPECIFIED), lookup(1, 2));
  }

  @Test
  void lookupStopsAtTheFirstMiss() {
    Chains.store(store, 1, 0, 2);
    Chains.store(store, 1, 3, 4);
    assertEquals(new PrefixMatch(2, MissReason.MISS_REASON_ABSENT), lookup(1, 4));
  }

  @Test
  void aSecondPutIsToldWhatIsPresent() {
    Chains.store(store, 1, 0, 2);
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 3));
    try (OpenPut put = store.beginPut(spec)) {
      assertEquals(BitSet.valueOf(new long[] {0b011}), put.present());
      Chains.fill(put, spec);
      assertEquals(1, put.commit().storedSets());
    }
    assertEquals(3, lookup(1, 3).present());
  }

  @Test
  void ofTwoPutsOfTheSameKeyTheFirstCommitStands() {
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 1));
    try (OpenPut first = store.beginPut(spec);
        OpenPut second = store.beginPut(spec)) {
      Chains.fill(first, spec);
      Chains.fill(second, spec);
      assertEquals(1, second.commit().storedSets());
      assertEquals(new PutOutcome(0, 0, 1), first.commit());
    }
    assertEquals(3 * 4096, store.stats().usedBytes());
  }

  @Test
  void anAbandonedPutLeavesNothing() {
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 2));
    try (OpenPut put = store.beginPut(spec)) {
      Chains.fill(put, spec);
      assertTrue(store.stats().usedBytes() > 0);
    }
    assertEquals(0, store.stats().usedBytes());
    assertEquals(0, store.stats().openPuts());
    assertEquals(MissReason.MISS_REASON_ABSENT, lookup(1, 2).firstMiss());
  }

  @Test
  void aCommitWithALayerMissingIsRefusedAndAbandoned() {
    OpenPut put = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    ByteBuffer block = Chains.block(Chains.key(1, 0), 0);
    put.add(0, 0, block, BlockBatches.crc32c(block));
    assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, put::commit);
    assertEquals(0, store.stats().usedBytes());
  }

  @Test
  void layersOutOfOrderAreRefused() {
    OpenPut put = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    ByteBuffer block = Chains.block(Chains.key(1, 0), 1);
    assertReason(
        ErrorReason.ERROR_REASON_INVALID_REQUEST,
        () -> put.add(0, 1, block, BlockBatches.crc32c(block)));
  }

  @Test
  void aBlockDamagedOnItsWayIsRefused() {
    OpenPut put = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    ByteBuffer block = Chains.block(Chains.key(1, 0), 0);
    int crc = BlockBatches.crc32c(block);
    block.put(17, (byte) (block.get(17) ^ 1));
    assertReason(ErrorReason.ERROR_REASON_CORRUPT_BLOCK, () -> put.add(0, 0, block, crc));
    assertEquals(0, store.stats().usedBytes());
  }

  @Test
  void aSilentPutIsReclaimedByTheClock() {
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 2));
    OpenPut put = store.beginPut(spec);
    Chains.fill(put, spec);
    clock.advance(CONFIG.putTimeout().minusMillis(1));
    store.reclaim();
    assertEquals(1, store.stats().openPuts());
    clock.advance(Duration.ofMillis(1));
    store.reclaim();
    assertEquals(0, store.stats().openPuts());
    assertEquals(0, store.stats().usedBytes());
    assertReason(ErrorReason.ERROR_REASON_PUT_EXPIRED, put::commit);
    assertEquals(1, store.stats().flow().putsAbandoned());
  }

  @Test
  void aLaterGenerationEndsTheOpenPutsOfEarlierOnes() {
    PutSpec old = Chains.spec("node", 1, Chains.sets(1, 0, 1));
    OpenPut stale = store.beginPut(old);
    Chains.fill(stale, old);
    OpenPut other = store.beginPut(Chains.spec("other", 1, Chains.sets(2, 0, 1)));
    OpenPut fresh = store.beginPut(Chains.spec("node", 2, Chains.sets(1, 0, 1)));
    assertReason(ErrorReason.ERROR_REASON_STALE_GENERATION, stale::commit);
    assertEquals(0, lookup(1, 1).present());
    assertReason(ErrorReason.ERROR_REASON_STALE_GENERATION, () -> store.beginPut(old));
    assertEquals(2, store.stats().openPuts());
    other.close();
    fresh.close();
  }

  @Test
  void theBoundInBytesHoldsAndTheOldestTailsGoFirst() {
    for (int chain = 0; chain < 20; chain++) {
      Chains.store(store, chain, 0, 3);
      clock.advance(CONFIG.lease());
      assertTrue(store.stats().usedBytes() <= CONFIG.capacityBytes());
    }
    assertEquals(3, lookup(19, 3).present());
    assertEquals(3, lookup(18, 3).present());
    // 24 pages hold 8 sets: two whole chains and, of the third last, all but its tail.
    assertEquals(new PrefixMatch(2, MissReason.MISS_REASON_EVICTED), lookup(17, 3));
    assertEquals(new PrefixMatch(0, MissReason.MISS_REASON_EVICTED), lookup(0, 3));
    assertEquals(60 - 8, store.stats().flow().evictedSets());
  }

  @Test
  void aReadKeepsAChainAndALookupDoesNot() {
    Chains.store(store, 1, 0, 4);
    Chains.store(store, 2, 0, 4);
    clock.advance(CONFIG.lease());
    assertEquals(4, lookup(2, 4).present());
    assertEquals(4 * Chains.LAYERS, Chains.get(store, Chains.keys(1, 4)).size());
    Chains.store(store, 3, 0, 4);
    assertEquals(4, lookup(1, 4).present());
    assertEquals(0, lookup(2, 4).present());
  }

  @Test
  void aFullStoreUnderLeaseRefusesWithADelay() {
    Chains.store(store, 1, 0, 8);
    clock.advance(Duration.ofSeconds(2));
    PutSpec spec = Chains.spec(Chains.sets(2, 0, 1));
    OpenPut put = store.beginPut(spec);
    ServiceException full = assertThrows(ServiceException.class, () -> Chains.fill(put, spec));
    assertEquals(ErrorReason.ERROR_REASON_STORE_FULL, full.reason());
    assertEquals(Duration.ofSeconds(3), full.retryAfter());
    assertEquals(8, lookup(1, 8).present());
    clock.advance(full.retryAfter());
    assertEquals(1, Chains.store(store, spec).storedSets());
  }

  @Test
  void aSharedPrefixOutlivesItsBranches() {
    Chains.store(store, 1, 0, 2);
    for (int branch = 10; branch < 30; branch++) {
      clock.advance(CONFIG.lease());
      SetSpec set = new SetSpec(Chains.key(branch, 2), Chains.key(1, 1), 2, 64);
      Chains.store(store, Chains.spec(List.of(set)));
    }
    assertEquals(2, lookup(1, 2).present());
  }

  @Test
  void aSetPastItsTimeToLiveIsExpired() {
    reopen(CONFIG.withTimeToLive(Duration.ofMinutes(1)));
    Chains.store(store, 1, 0, 2);
    clock.advance(Duration.ofMinutes(1));
    assertEquals(new PrefixMatch(0, MissReason.MISS_REASON_EXPIRED), lookup(1, 2));
    store.reclaim();
    assertEquals(0, store.stats().usedBytes());
    assertEquals(new PrefixMatch(0, MissReason.MISS_REASON_EXPIRED), lookup(1, 2));
  }

  @Test
  void anotherCodecIsAMismatchAndAnotherTenantSeesNothing() {
    Chains.store(store, 1, 0, 1);
    List<BlockKey> keys = Chains.keys(1, 1);
    assertEquals(
        MissReason.MISS_REASON_CODEC_MISMATCH,
        store.lookupPrefix(new BlockNamespace("aa", "cc", ""), keys).firstMiss());
    assertEquals(
        MissReason.MISS_REASON_ABSENT,
        store.lookupPrefix(new BlockNamespace("aa", "bb", "eve"), keys).firstMiss());
    PutSpec foreign =
        new PutSpec("p", 1, new BlockNamespace("aa", "cc", ""), 3, Chains.sets(1, 0, 1));
    assertReason(ErrorReason.ERROR_REASON_CODEC_MISMATCH, () -> store.beginPut(foreign));
  }

  @Test
  void aDeletedSetIsAbsent() {
    Chains.store(store, 1, 0, 3);
    assertEquals(1, store.delete(NAMESPACE, List.of(Chains.key(1, 2), Chains.key(5, 5))));
    assertEquals(new PrefixMatch(2, MissReason.MISS_REASON_ABSENT), lookup(1, 3));
    assertEquals(2 * 3 * 4096, store.stats().usedBytes());
  }

  @Test
  void aMissingKeyIsToldOnceAndTheOthersAreServed() {
    Chains.store(store, 1, 0, 3);
    store.delete(NAMESPACE, List.of(Chains.key(1, 1)));
    List<BlockCursor.Item> items = Chains.get(store, Chains.keys(1, 3));
    assertEquals(new BlockCursor.Missed(1, MissReason.MISS_REASON_ABSENT), items.get(1));
    assertEquals(1 + 2 * Chains.LAYERS, items.size());
  }

  @Test
  void aLayerThatASetDoesNotHaveIsRefused() {
    Chains.store(store, 1, 0, 1);
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 1), Chains.LAYERS, 1)) {
      assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, cursor::next);
    }
  }

  @Test
  void theStatisticsAddUp() {
    Chains.store(store, 1, 0, 2);
    long payload = 0;
    for (BlockKey key : Chains.keys(1, 2)) {
      for (int layer = 0; layer < Chains.LAYERS; layer++) {
        payload += Chains.block(key, layer).remaining();
      }
    }
    var _ = Chains.get(store, Chains.keys(1, 3));
    StoreStats stats = store.stats();
    assertEquals(CONFIG.capacityBytes(), stats.capacityBytes());
    assertEquals(payload, stats.payloadBytes());
    assertEquals(128, stats.payloadTokens());
    assertEquals(2, stats.committedSets());
    assertEquals(0, stats.openGets());
    assertEquals(new StoreStats.Flow(1, 0, 1, 6, 6, payload, payload, 2, 0), stats.flow());
    assertEquals(java.util.Map.of(MissReason.MISS_REASON_ABSENT, 1L), stats.misses());
  }

  @Test
  void afterCloseNoPutBegins() {
    OpenPut open = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    store.close();
    assertReason(ErrorReason.ERROR_REASON_DRAINING, open::commit);
    assertReason(
        ErrorReason.ERROR_REASON_DRAINING, () -> store.beginPut(Chains.spec(Chains.sets(1, 0, 1))));
  }
}
