package io.rotatekv.store;

import static io.rotatekv.store.Chains.NAMESPACE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.store.Chains.Read;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * No reader ever sees mixed or foreign bytes, whatever producers do. Equal keys should mean equal
 * bytes; here each producer's bytes are its own, so that any mixture shows.
 */
abstract class StaleDataContract {

  private static final BlockNamespace RECALIBRATED = new BlockNamespace("aa", "cc", "");
  private static final List<BlockKey> KEYS = Chains.keys(1, 1);

  private final BlockStore store = open();

  abstract BlockStore open();

  @AfterEach
  void close() {
    store.close();
  }

  private static ByteBuffer bytesOf(int producer) {
    byte[] bytes = new byte[5000];
    Arrays.fill(bytes, (byte) producer);
    return ByteBuffer.wrap(bytes);
  }

  private OpenPut begin(String producer, long generation) {
    return store.beginPut(Chains.spec(producer, generation, Chains.sets(1, 0, 1)));
  }

  private static void add(OpenPut put, int layer, int producer) {
    ByteBuffer block = bytesOf(producer);
    put.add(0, layer, block, BlockBatches.crc32c(block));
  }

  private PutOutcome putAll(String name, int producer) {
    try (OpenPut put = begin(name, 1)) {
      for (int layer = 0; layer < Chains.LAYERS && !put.present().get(0); layer++) {
        add(put, layer, producer);
      }
      return put.commit();
    }
  }

  /** The producers whose bytes a get brought. */
  private Set<Integer> producersSeen() {
    Set<Integer> seen = new HashSet<>();
    for (Read read : Chains.get(store, KEYS)) {
      if (read.isBlock()) {
        int producer = read.bytes().get(0);
        assertEquals(bytesOf(producer), read.bytes());
        seen.add(producer);
      }
    }
    return seen;
  }

  @Test
  void aProducerRestartedInTheMiddleOfAPutLeavesNothingOfItsFormerLife() {
    OpenPut before = begin("node", 1);
    add(before, 0, 1);
    add(before, 1, 1);
    OpenPut after = begin("node", 2);
    add(after, 0, 2);
    ServiceException stale = assertThrows(ServiceException.class, () -> add(before, 2, 1));
    assertEquals(ErrorReason.ERROR_REASON_STALE_GENERATION, stale.reason());
    add(after, 1, 2);
    add(after, 2, 2);
    assertThrows(ServiceException.class, before::commit);
    assertEquals(Set.of(), producersSeen());
    assertEquals(1, after.commit().storedSets());
    assertEquals(Set.of(2), producersSeen());
    assertEquals(Chains.LAYERS, Chains.get(store, KEYS).size());
  }

  @Test
  void ofTwoProducersOfAKeyTheFirstCommitIsServedWhole() {
    OpenPut one = begin("one", 1);
    OpenPut two = begin("two", 1);
    for (int layer = 0; layer < Chains.LAYERS; layer++) {
      add(one, layer, 1);
      add(two, layer, 2);
    }
    two.commit();
    assertEquals(1, one.commit().duplicateSets());
    assertEquals(Set.of(2), producersSeen());
  }

  @Test
  void producersThatRaceForAKeyAreNeverMixed() throws Exception {
    for (int round = 0; round < 50; round++) {
      CyclicBarrier start = new CyclicBarrier(2);
      CompletableFuture<PutOutcome> other =
          CompletableFuture.supplyAsync(() -> {
            await(start);
            return putAll("two", 2);
          });
      await(start);
      int stored = putAll("one", 1).storedSets();
      assertEquals(1, stored + other.get(30, TimeUnit.SECONDS).storedSets());
      assertEquals(1, producersSeen().size());
      assertEquals(Chains.LAYERS, Chains.get(store, KEYS).size());
      assertEquals(1, store.delete(NAMESPACE, KEYS));
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (InterruptedException | java.util.concurrent.BrokenBarrierException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aSetReplacedWhileItIsReadEndsTheReadingOfIt() {
    putAll("one", 1);
    try (BlockCursor cursor = store.get(NAMESPACE, KEYS, 0, Chains.LAYERS)) {
      assertEquals(bytesOf(1), next(cursor).bytes());
      assertEquals(1, store.delete(NAMESPACE, KEYS));
      putAll("two", 2);
      assertEquals(
          BlockCursor.Missed.class, next(cursor).item().getClass(), "the rest is another's");
      assertEquals(null, Chains.next(cursor));
    }
    assertEquals(Set.of(2), producersSeen());
  }

  private static Read next(BlockCursor cursor) {
    @Nullable Read read = Chains.next(cursor);
    return java.util.Objects.requireNonNull(read);
  }

  @Test
  void aNodeWithAnotherCalibrationNeitherReadsNorReplaces() {
    putAll("one", 1);
    assertEquals(
        List.of(Read.missed(0, MissReason.MISS_REASON_CODEC_MISMATCH)),
        Chains.get(store, RECALIBRATED, KEYS, 0, Chains.LAYERS));
    assertEquals(
        new PrefixMatch(0, MissReason.MISS_REASON_CODEC_MISMATCH),
        store.lookupPrefix(RECALIBRATED, KEYS));
    assertEquals(0, store.delete(RECALIBRATED, KEYS));
    ServiceException mismatch =
        assertThrows(
            ServiceException.class,
            () -> store.beginPut(Chains.spec(RECALIBRATED, Chains.sets(1, 0, 1))));
    assertEquals(ErrorReason.ERROR_REASON_CODEC_MISMATCH, mismatch.reason());
    assertEquals(Set.of(1), producersSeen());
  }

  @Test
  void twoCalibrationsThatPutAKeyAtTheSameTimeAreNeverMixed() {
    OpenPut one = begin("one", 1);
    OpenPut two = store.beginPut(Chains.spec(RECALIBRATED, Chains.sets(1, 0, 1)));
    for (int layer = 0; layer < Chains.LAYERS; layer++) {
      add(one, layer, 1);
      add(two, layer, 2);
    }
    two.commit();
    assertEquals(1, one.commit().duplicateSets());
    assertEquals(Set.of(), producersSeen());
    assertEquals(Chains.LAYERS, Chains.get(store, RECALIBRATED, KEYS, 0, Chains.LAYERS).size());
  }
}
