package io.rotatekv.proto.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RendezvousTest {

  private static final List<String> STORES = List.of("a:1", "b:1", "c:1", "d:1");

  private static List<ByteString> keys() {
    return IntStream.range(0, 10_000)
        .mapToObj(i -> ByteString.copyFrom(ByteBuffer.allocate(32).putInt(i).rewind()))
        .toList();
  }

  private static List<String> rank(List<String> stores, ByteString key) {
    return Rendezvous.rank(stores, Function.identity(), key);
  }

  @Test
  void everyStoreServesAboutItsShare() {
    Map<String, Integer> counts = new HashMap<>();
    keys().forEach(key -> counts.merge(rank(STORES, key).getFirst(), 1, Integer::sum));
    STORES.forEach(store ->
        assertTrue(Math.abs(counts.getOrDefault(store, 0) - 2500) < 250, counts::toString));
  }

  @Test
  void theOrderOfTheListDoesNotMatter() {
    for (ByteString key : keys().subList(0, 100)) {
      assertEquals(rank(STORES, key), rank(STORES.reversed(), key));
    }
  }

  @Test
  void onlyTheKeysOfAStoreThatLeavesMove() {
    List<String> fewer = STORES.subList(0, 3);
    for (ByteString key : keys()) {
      List<String> before = rank(STORES, key);
      List<String> after = rank(fewer, key);
      assertEquals(before.stream().filter(fewer::contains).toList(), after);
    }
  }
}
