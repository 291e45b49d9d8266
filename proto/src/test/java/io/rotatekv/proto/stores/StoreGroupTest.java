package io.rotatekv.proto.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two replicas: what one of them fails to do, the other does. */
final class StoreGroupTest {

  private static final int BLOCKS = 4;
  private static final int LAYERS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SILENCE = Duration.ofSeconds(1);

  private final List<MemoryStore> stores = List.of(new MemoryStore(), new MemoryStore());
  private final StoreGroup group =
      StoreGroup.connect(
          new StoreTargets.Listed(stores.stream().map(MemoryStore::target).toList()),
          2,
          StoreClientOptions.of("", "node", 1).withCallTimeout(PATIENCE).withPutSilence(SILENCE));
  private final KeyChain chain = chain(1);
  private final MemoryStore first = placedFirst();
  private final MemoryStore second = stores.get(1 - stores.indexOf(first));

  @AfterEach
  void stop() {
    group.close();
    stores.forEach(MemoryStore::close);
  }

  private MemoryStore placedFirst() {
    return Rendezvous.rank(stores, MemoryStore::target, chain.keys(0, 1).getFirst()).getFirst();
  }

  private static KeyChain chain(int seed) {
    List<byte[]> keys =
        IntStream.range(0, BLOCKS)
            .mapToObj(i -> ByteBuffer.allocate(32).putInt(seed).putInt(i).array())
            .toList();
    return new KeyChain(KeyChain.namespace("aa", "bb", ""), new byte[32], keys);
  }

  private static byte[] bytes(int block, int layer) {
    byte[] bytes = new byte[1000];
    Arrays.fill(bytes, (byte) (block * LAYERS + layer));
    return bytes;
  }

  private void put(int from, int to) {
    try (ChainPut put = group.put(chain, from, to, LAYERS)) {
      for (int layer = 0; layer < LAYERS; layer++) {
        for (int block = from; block < to; block++) {
          put.add(block - from, layer, MemorySegment.ofArray(bytes(block, layer)));
        }
        put.flush();
      }
      put.commit();
    }
  }

  /** Checks bytes and order by block, and that a layer is done only when all of it has come. */
  private static final class Taken implements BlockSink {

    final int[] next = new int[BLOCKS];
    final List<Integer> missed = new ArrayList<>();
    int layersDone;

    @Override
    public void block(int keyIndex, int layer, MemorySegment block) {
      assertEquals(next[keyIndex]++, layer);
      assertEquals(
          ByteBuffer.wrap(bytes(keyIndex, layer)),
          ByteBuffer.wrap(block.toArray(ValueLayout.JAVA_BYTE)));
    }

    @Override
    public void layerDone(int layer) {
      assertEquals(layersDone++, layer);
      for (int key = 0; key < BLOCKS; key++) {
        assertTrue(missed.contains(key) || next[key] > layer);
      }
    }

    @Override
    public void miss(int keyIndex, MissReason reason) {
      missed.add(keyIndex);
    }
  }

  private GetResult get(Taken taken) {
    return group.get(chain, 0, BLOCKS, LAYERS, PATIENCE, taken);
  }

  private void assertAllComes() {
    Taken taken = new Taken();
    GetResult result = get(taken);
    assertEquals(new GetResult(BLOCKS, Map.of(), BLOCKS * LAYERS, BLOCKS * LAYERS * 1000), result);
    assertEquals(LAYERS, taken.layersDone);
  }

  @Test
  void aPutGoesToBothAndAReadAsksOne() {
    put(0, BLOCKS);
    assertEquals(first.sets.keySet(), second.sets.keySet());
    second.asked.clear();
    assertEquals(BLOCKS, group.lookupPrefix(chain).present());
    assertAllComes();
    assertFalse(second.asked.contains("get"));
    assertFalse(second.asked.contains("lookup"));
  }

  @Test
  void aStoreThatFailsIsNotMissed() {
    put(0, 2);
    first.mood = MemoryStore.Mood.FAILING;
    put(2, BLOCKS);
    assertEquals(BLOCKS, second.sets.size());
    assertEquals(BLOCKS, group.lookupPrefix(chain).present());
    assertAllComes();
  }

  @Test
  void aStoreThatIsGoneIsNotMissed() {
    first.close();
    put(0, BLOCKS);
    assertEquals(BLOCKS, group.lookupPrefix(chain).present());
    assertAllComes();
  }

  @Test
  void aSilentStoreHoldsAPutUpOnceAndIsNotAskedOnceItsBreakerOpens() {
    first.mood = MemoryStore.Mood.SILENT;
    for (int block = 0; block < BLOCKS; block++) {
      put(block, block + 1);
    }
    assertEquals(BLOCKS, second.sets.size());
    first.asked.clear();
    assertAllComes();
    assertFalse(first.asked.contains("get"));
  }

  @Test
  void aGetThatFallsSilentGoesOnWhereItStopped() {
    put(0, BLOCKS);
    first.sendOnly = BLOCKS + 2;
    assertAllComes();
  }

  @Test
  void whatEachHasLostTheOtherGives() {
    put(0, BLOCKS);
    first.sets.remove(chain.keys(0, BLOCKS).get(1));
    second.sets.remove(chain.keys(0, BLOCKS).get(3));
    assertEquals(3, group.lookupPrefix(chain).present());
    assertAllComes();
  }

  @Test
  void whatBothHaveLostIsMissing() {
    put(0, BLOCKS);
    stores.forEach(store -> store.sets.remove(chain.keys(0, BLOCKS).get(2)));
    Taken taken = new Taken();
    GetResult result = get(taken);
    assertEquals(Map.of(2, MissReason.MISS_REASON_EVICTED), result.misses());
    assertEquals(2, result.completePrefix());
    assertEquals(List.of(2), taken.missed);
    assertEquals(LAYERS, taken.layersDone);
  }

  @Test
  void aMissOfOneStandsWhereTheOtherFails() {
    put(0, BLOCKS);
    first.sets.remove(chain.keys(0, BLOCKS).get(1));
    second.mood = MemoryStore.Mood.FAILING;
    Taken taken = new Taken();
    assertEquals(Map.of(1, MissReason.MISS_REASON_EVICTED), get(taken).misses());
    assertEquals(List.of(1), taken.missed);
  }

  @Test
  void withoutAnyStoreTheReasonIsTheLastOnes() {
    stores.forEach(store -> store.mood = MemoryStore.Mood.FAILING);
    for (var action :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> group.lookupPrefix(chain), () -> get(new Taken()), () -> put(0, 1))) {
      ServiceException failure = assertThrows(ServiceException.class, action);
      assertEquals(ErrorReason.ERROR_REASON_STORAGE, failure.reason());
    }
  }
}
