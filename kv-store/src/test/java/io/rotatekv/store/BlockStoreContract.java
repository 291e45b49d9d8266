package io.rotatekv.store;

import static io.rotatekv.store.Chains.NAMESPACE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.store.Chains.Read;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every engine behind {@link BlockStore} must do. */
abstract class BlockStoreContract {

  /** Room for 8 sets of 3 pages. */
  static final StoreConfig CONFIG =
      StoreConfig.defaults()
          .withPageBytes(4096)
          .withCapacity(24 * 4096)
          .withLease(Duration.ofSeconds(5))
          .withLimits(StoreLimits.DEFAULTS.withWatermarks(1, 1));

  private static final Duration PIN = Duration.ofMinutes(8);

  private int fresh;
  final MutableClock clock = new MutableClock();
  private BlockStore store = open(CONFIG);

  abstract BlockStore open(StoreConfig config);

  @BeforeEach
  void isEmpty() {
    assertEquals(0, store.stats().space().used());
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
    List<BlockKey> keys = Chains.keys(1, 2);
    List<Read> reads = Chains.get(store, keys);
    assertEquals(2 * Chains.LAYERS, reads.size());
    for (int i = 0; i < reads.size(); i++) {
      assertEquals(Read.of(keys, i % 2, i / 2), reads.get(i));
    }
  }

  @Test
  void servesTheLayersAskedFor() {
    Chains.store(store, 1, 0, 1);
    List<BlockKey> keys = Chains.keys(1, 1);
    assertEquals(List.of(Read.of(keys, 0, 1)), Chains.get(store, NAMESPACE, keys, 1, 1));
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
    List<Read> reads = Chains.get(store, NAMESPACE, Chains.keys(1, 1), 1, 1);
    assertEquals(ByteBuffer.wrap(large), reads.getFirst().bytes());
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
    assertEquals(3 * 4096, store.stats().space().used());
  }

  @Test
  void anAbandonedPutLeavesNothing() {
    PutSpec spec = Chains.spec(Chains.sets(1, 0, 2));
    try (OpenPut put = store.beginPut(spec)) {
      Chains.fill(put, spec);
      assertTrue(store.stats().space().used() > 0);
    }
    assertEquals(0, store.stats().space().used());
    assertEquals(0, store.stats().openPuts());
    assertEquals(MissReason.MISS_REASON_ABSENT, lookup(1, 2).firstMiss());
  }

  @Test
  void aCommitWithALayerMissingIsRefusedAndAbandoned() {
    OpenPut put = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    ByteBuffer block = Chains.block(Chains.key(1, 0), 0);
    put.add(0, 0, block, BlockBatches.crc32c(block));
    assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, put::commit);
    assertEquals(0, store.stats().space().used());
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
    assertEquals(0, store.stats().space().used());
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
    assertEquals(0, store.stats().space().used());
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
  void theBoundInBytesHoldsAndOnlyTailsGo() {
    for (int chain = 0; chain < 20; chain++) {
      Chains.store(store, chain, 0, 3);
      clock.advance(CONFIG.lease());
      assertTrue(store.stats().space().used() <= CONFIG.capacityBytes());
      assertEquals(3, lookup(chain, 3).present());
      for (int other = 0; other < chain; other++) {
        // Of each chain the beginning is left, and nothing behind it.
        assertEquals(lookup(other, 3).present(), setsOf(other).size());
      }
    }
    assertEquals(new PrefixMatch(0, MissReason.MISS_REASON_EVICTED), lookup(0, 3));
    assertEquals(60 - 8, store.stats().flow().evictedSets());
  }

  /** The sets of a chain that are there. */
  private List<SetEntry> setsOf(int chain) {
    List<SetEntry> sets = new ArrayList<>();
    store.list(null).forEachRemaining(sets::add);
    return sets.stream().filter(set -> set.set().key().a() == chain).toList();
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void parentsThatGoInACircleAreEvictedLikeOthers() {
    SetSpec self = new SetSpec(Chains.key(1, 0), Chains.key(1, 0), 0, 64);
    SetSpec one = new SetSpec(Chains.key(2, 0), Chains.key(2, 1), 0, 64);
    SetSpec two = new SetSpec(Chains.key(2, 1), Chains.key(2, 0), 0, 64);
    Chains.store(store, Chains.spec(List.of(self, one, two)));
    fillWithOthers();
    assertEquals(0, lookup(1, 1).present());
    assertEquals(0, lookup(2, 1).present());
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
    assertEquals(0, store.stats().space().used());
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
    assertEquals(2 * 3 * 4096, store.stats().space().used());
  }

  @Test
  void aMissingKeyIsToldOnceAndTheOthersAreServed() {
    Chains.store(store, 1, 0, 3);
    store.delete(NAMESPACE, List.of(Chains.key(1, 1)));
    List<Read> reads = Chains.get(store, Chains.keys(1, 3));
    assertEquals(Read.missed(1, MissReason.MISS_REASON_ABSENT), reads.get(1));
    assertEquals(1 + 2 * Chains.LAYERS, reads.size());
  }

  @Test
  void aLayerThatASetDoesNotHaveIsRefused() {
    Chains.store(store, 1, 0, 1);
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 1), Chains.LAYERS, 1)) {
      assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, () -> Chains.next(cursor));
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
    assertEquals(CONFIG.capacityBytes(), stats.space().capacity());
    assertEquals(payload, stats.sets().payloadBytes());
    assertEquals(128, stats.sets().payloadTokens());
    assertEquals(2, stats.sets().committed());
    assertEquals(0, stats.openGets());
    assertEquals(
        new StoreStats.Flow(1, 0, 0, 0, 1, 6, 6, payload, payload, 2, 0, 0, 0), stats.flow());
    assertEquals(Map.of(MissReason.MISS_REASON_ABSENT, 1L), stats.misses());
  }

  @Test
  void tenantsWithEqualKeysDoNotMeet() {
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    BlockNamespace bob = new BlockNamespace("aa", "bb", "bob");
    Chains.store(store, Chains.spec(alice, Chains.sets(1, 0, 2)));
    assertEquals(0, store.lookupPrefix(bob, Chains.keys(1, 2)).present());
    assertEquals(0, store.delete(bob, Chains.keys(1, 2)));
    assertEquals(0, store.pin(bob, Chains.keys(1, 2), "p", PIN).present());
    PutOutcome outcome = Chains.store(store, Chains.spec(bob, Chains.sets(1, 0, 1)));
    assertEquals(1, outcome.storedSets());
    assertEquals(1, store.lookupPrefix(bob, Chains.keys(1, 2)).present());
    assertEquals(1, store.delete(bob, Chains.keys(1, 2)));
    assertEquals(2, store.lookupPrefix(alice, Chains.keys(1, 2)).present());
  }

  @Test
  void aTenantThatIsNotConfiguredIsRefused() {
    reopen(
        CONFIG.withTenants(new TenantQuotas(Map.of("alice", 0L), java.util.OptionalLong.empty())));
    BlockNamespace eve = new BlockNamespace("aa", "bb", "eve");
    List<BlockKey> keys = Chains.keys(1, 1);
    ErrorReason unknown = ErrorReason.ERROR_REASON_UNKNOWN_TENANT;
    assertReason(unknown, () -> store.beginPut(Chains.spec(eve, Chains.sets(1, 0, 1))));
    assertReason(unknown, () -> store.lookupPrefix(eve, keys));
    assertReason(unknown, () -> store.get(eve, keys, 0, 1));
    assertReason(unknown, () -> store.pin(eve, keys, "p", PIN));
    assertReason(unknown, () -> store.unpin(eve, keys, "p"));
    assertReason(unknown, () -> store.delete(eve, keys));
    assertReason(unknown, () -> store.lookupPrefix(NAMESPACE, keys));
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    Chains.store(store, Chains.spec(alice, Chains.sets(1, 0, 1)));
  }

  @Test
  void aQuotaIsKeptByTheTenantsOwnTailsAndTouchesNobodyElses() {
    reopen(CONFIG.withTenants(quotaOfFourSets()));
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    Chains.store(store, 9, 0, 3);
    for (int chain = 0; chain < 5; chain++) {
      Chains.store(store, Chains.spec(alice, Chains.sets(chain, 0, 2)));
      clock.advance(CONFIG.lease());
    }
    StoreStats.TenantStats stats = tenant("alice");
    assertEquals(4 * 3 * 4096, stats.quotaBytes());
    assertEquals(4 * 3 * 4096, stats.usedBytes());
    assertEquals(4, stats.committedSets());
    assertEquals(10 - 4, stats.evictedSets());
    assertEquals(3, lookup(9, 3).present());
    assertEquals(2, store.lookupPrefix(alice, Chains.keys(4, 2)).present());
  }

  @Test
  void aQuotaUnderLeaseRefusesWithADelayThoughTheStoreHasRoom() {
    reopen(CONFIG.withTenants(quotaOfFourSets()));
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    Chains.store(store, Chains.spec(alice, Chains.sets(1, 0, 4)));
    clock.advance(Duration.ofSeconds(1));
    PutSpec more = Chains.spec(alice, Chains.sets(2, 0, 1));
    ServiceException refused =
        assertThrows(ServiceException.class, () -> Chains.store(store, more));
    assertEquals(ErrorReason.ERROR_REASON_QUOTA_EXCEEDED, refused.reason());
    assertEquals(Duration.ofSeconds(4), refused.retryAfter());
    assertEquals(1, tenant("alice").quotaRefusals());
    assertEquals(Map.of(ErrorReason.ERROR_REASON_QUOTA_EXCEEDED, 1L), store.stats().refusals());
    Chains.store(store, 3, 0, 4);
    clock.advance(refused.retryAfter());
    assertEquals(1, Chains.store(store, more).storedSets());
  }

  @Test
  void aPutLargerThanItsTenantsQuotaIsRefusedForGood() {
    reopen(CONFIG.withTenants(quotaOfFourSets()));
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    PutSpec tooLarge = Chains.spec(alice, Chains.sets(1, 0, 5));
    ServiceException refused =
        assertThrows(ServiceException.class, () -> Chains.store(store, tooLarge));
    assertEquals(ErrorReason.ERROR_REASON_INVALID_REQUEST, refused.reason());
    assertEquals(Duration.ZERO, refused.retryAfter());
    assertTrue(String.valueOf(refused.getMessage()).contains("raise the quota"), refused::toString);
    assertEquals(0, tenant("alice").usedBytes());
    assertEquals(4, Chains.store(store, Chains.spec(alice, Chains.sets(1, 0, 4))).storedSets());
  }

  private TenantQuotas quotaOfFourSets() {
    return new TenantQuotas(Map.of("alice", 4L * 3 * 4096), java.util.OptionalLong.of(0));
  }

  private StoreStats.TenantStats tenant(String name) {
    return store.stats().tenants().stream()
        .filter(tenant -> tenant.tenant().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void pinnedSetsStayUntilTheirTimeIsOver() {
    Chains.store(store, 1, 0, 4);
    assertEquals(
        new PrefixMatch(4, MissReason.MISS_REASON_ABSENT),
        store.pin(NAMESPACE, Chains.keys(1, 5), "p", PIN));
    assertEquals(4, store.stats().sets().pinned());
    assertEquals(4 * 3 * 4096, store.stats().sets().pinnedBytes());
    fillWithOthers();
    assertEquals(4, lookup(1, 4).present());
    clock.advance(PIN);
    store.reclaim();
    assertEquals(0, store.stats().sets().pinned());
    assertEquals(0, store.stats().sets().pinnedBytes());
    fillWithOthers();
    assertEquals(0, lookup(1, 4).present());
  }

  /** Puts more than the store holds, each past the leases of those before. */
  private void fillWithOthers() {
    for (int chain = 100; chain < 140; chain++) {
      clock.advance(CONFIG.lease());
      Chains.store(store, chain, 0, 1);
      var _ = Chains.get(store, Chains.keys(chain, 1));
      var _ = Chains.get(store, Chains.keys(chain, 1));
    }
  }

  @Test
  void aPinOfOneHolderIsNotEndedByAnother() {
    Chains.store(store, 1, 0, 2);
    List<BlockKey> keys = Chains.keys(1, 2);
    assertEquals(2, store.pin(NAMESPACE, keys, "a", PIN).present());
    assertEquals(2, store.pin(NAMESPACE, keys, "b", PIN.dividedBy(2)).present());
    assertEquals(2, store.unpin(NAMESPACE, keys, "a"));
    assertEquals(0, store.unpin(NAMESPACE, keys, "a"));
    assertEquals(2, store.stats().sets().pinned());
    assertEquals(PIN.dividedBy(2).toMillis(), setsOf(1).getFirst().pin());
    assertEquals(2, store.unpin(NAMESPACE, keys, "b"));
    assertEquals(0, store.stats().sets().pinned());
  }

  @Test
  void aPinIsNotGrantedForLongerThanTheLimitAndMayBeRenewed() {
    Chains.store(store, 1, 0, 1);
    Duration most = CONFIG.limits().maxPin();
    store.pin(NAMESPACE, Chains.keys(1, 1), "p", most.multipliedBy(3));
    assertEquals(most.toMillis(), setsOf(1).getFirst().pin());
    clock.advance(Duration.ofSeconds(10));
    store.pin(NAMESPACE, Chains.keys(1, 1), "p", most);
    assertEquals(most.toMillis(), setsOf(1).getFirst().pin());
    assertEquals(1, store.stats().sets().pinned());
  }

  @Test
  void pinsOfMoreThanTheirShareAreRefusedAndPinNothing() {
    Chains.store(store, 1, 0, 6);
    ServiceException refused =
        assertThrows(
            ServiceException.class, () -> store.pin(NAMESPACE, Chains.keys(1, 6), "p", PIN));
    assertEquals(ErrorReason.ERROR_REASON_QUOTA_EXCEEDED, refused.reason());
    assertEquals(0, store.stats().sets().pinned());
    assertEquals(4, store.pin(NAMESPACE, Chains.keys(1, 4), "p", PIN).present());
  }

  @Test
  void aDeleteTakesPinnedSetsToo() {
    Chains.store(store, 1, 0, 2);
    store.pin(NAMESPACE, Chains.keys(1, 2), "p", PIN);
    assertEquals(2, store.delete(NAMESPACE, Chains.keys(1, 2)));
    assertEquals(0, store.stats().sets().pinned());
    assertEquals(0, store.stats().sets().pinnedBytes());
    assertEquals(0, store.stats().space().used());
  }

  @Test
  void aCursorThatIsSteppedKeepsItsSetsAndOneThatRestsDoesNot() {
    Chains.store(store, 1, 0, 2);
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 2), 0, Chains.LAYERS)) {
      List<Read> reads = new ArrayList<>();
      for (Read read = Chains.next(cursor); read != null; read = Chains.next(cursor)) {
        reads.add(read);
        clock.advance(CONFIG.lease().dividedBy(2));
        fillAtOnce();
      }
      assertEquals(2 * Chains.LAYERS, Chains.assertRight(Chains.keys(1, 2), reads));
    }
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 2), 0, Chains.LAYERS)) {
      assertEquals(Read.of(Chains.keys(1, 2), 0, 0), Chains.next(cursor));
      fillWithOthers();
      assertEquals(Read.missed(1, MissReason.MISS_REASON_EVICTED), Chains.next(cursor));
      assertEquals(Read.missed(0, MissReason.MISS_REASON_EVICTED), Chains.next(cursor));
    }
  }

  /** Puts until the store refuses, all at one instant. */
  private void fillAtOnce() {
    assertReason(
        ErrorReason.ERROR_REASON_STORE_FULL,
        () -> {
          for (int set = 0; set < 10; set++) {
            SetSpec other = new SetSpec(key(), Chains.key(-1, -1), 0, 64);
            Chains.store(store, Chains.spec(List.of(other)));
          }
        });
  }

  /** A key that was never used. */
  private BlockKey key() {
    return Chains.key(1_000 + fresh++, 0);
  }

  @Test
  void aBlockThatDoesNotFitIsNamedAndReadWithMoreRoom() {
    Chains.store(store, 1, 0, 1);
    int length = Chains.block(Chains.key(1, 0), 0).remaining();
    try (BlockCursor cursor = store.get(NAMESPACE, Chains.keys(1, 1), 0, 1)) {
      ByteBuffer small = ByteBuffer.allocate(length - 1);
      assertEquals(new BlockCursor.NoRoom(length), cursor.next(small));
      assertEquals(0, small.position());
      ByteBuffer direct = ByteBuffer.allocateDirect(length + 3).position(3);
      cursor.next(direct);
      assertEquals(Chains.block(Chains.key(1, 0), 0), direct.flip().position(3));
      assertEquals(null, cursor.next(small));
    }
  }

  @Test
  void theListHasEverySetAndNoTrace() {
    BlockNamespace alice = new BlockNamespace("aa", "bb", "alice");
    Chains.store(store, 1, 0, 2);
    Chains.store(store, Chains.spec(alice, Chains.sets(5, 0, 1)));
    clock.advance(Duration.ofSeconds(2));
    SetEntry head =
        setsOf(1).stream().filter(set -> set.set().chainIndex() == 0).findFirst().orElseThrow();
    long payload = 0;
    for (int layer = 0; layer < Chains.LAYERS; layer++) {
      payload += Chains.block(Chains.key(1, 0), layer).remaining();
    }
    assertEquals(
        new SetEntry(
            NAMESPACE,
            Chains.sets(1, 0, 1).getFirst(),
            Chains.LAYERS,
            payload,
            3 * 4096,
            2000,
            2000,
            3000,
            0,
            1),
        head);
    List<SetEntry> hers = new ArrayList<>();
    store.list("alice").forEachRemaining(hers::add);
    assertEquals(List.of(alice), hers.stream().map(SetEntry::namespace).toList());
    assertEquals(2, setsOf(1).size());
    assertEquals(0, store.stats().flow().hits());
  }

  @Test
  void aGoodSetPassesItsCheck() {
    Chains.store(store, 1, 0, 1);
    SetCheck check = store.verify(NAMESPACE, Chains.key(1, 0));
    assertTrue(check.isGood());
    assertEquals(setsOf(1).getFirst().payloadBytes(), check.bytes());
    assertEquals(MissReason.MISS_REASON_ABSENT, store.verify(NAMESPACE, Chains.key(2, 0)).reason());
  }

  @Test
  void moreOpenPutsThanAllowedAreRefusedWithADelay() {
    reopen(CONFIG.withLimits(CONFIG.limits().withMaxPuts(1)));
    OpenPut first = store.beginPut(Chains.spec(Chains.sets(1, 0, 1)));
    ServiceException refused =
        assertThrows(
            ServiceException.class, () -> store.beginPut(Chains.spec(Chains.sets(2, 0, 1))));
    assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, refused.reason());
    assertTrue(refused.retryAfter().isPositive());
    first.close();
    store.beginPut(Chains.spec(Chains.sets(2, 0, 1))).close();
  }

  @Test
  void pastTheHighWatermarkEvictionRunsDownToTheLowOne() {
    reopen(CONFIG.withLease(Duration.ZERO).withLimits(CONFIG.limits().withWatermarks(0.5, 0.75)));
    for (int chain = 0; chain < 6; chain++) {
      Chains.store(store, chain, 0, 1);
    }
    assertEquals(0, store.stats().flow().evictedSets());
    Chains.store(store, 6, 0, 1);
    assertTrue(store.stats().space().used() <= 15 * 4096, store.stats().toString());
    assertEquals(1, lookup(6, 1).present());
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
