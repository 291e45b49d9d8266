package io.rotatekv.proto.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.PutRetry;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.Namespace;
import java.lang.foreign.MemorySegment;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** How a client of one store bears with it: probes, the bulkhead, silence, retries. */
final class StoreHealthTest {

  private static final Namespace NAMESPACE = Namespace.getDefaultInstance();
  private static final List<ByteString> KEYS = List.of(ByteString.copyFrom(new byte[32]));
  private static final Duration SHORT = Duration.ofMillis(200);

  private final MemoryStore store = new MemoryStore();
  private final StoreClientOptions options =
      StoreClientOptions.of(store.target(), "node", 1)
          .withCallTimeout(Duration.ofSeconds(2))
          .withPutSilence(Duration.ofSeconds(2))
          .withConcurrentCalls(2)
          .withBreaker(3, SHORT, Clock.systemUTC());
  private final StoreClient client = StoreClient.connect(options);

  @AfterEach
  void stop() {
    client.close();
    store.close();
  }

  private void assertFails(ErrorReason reason) {
    ServiceException failure =
        assertThrows(ServiceException.class, () -> client.lookupPrefix(NAMESPACE, KEYS));
    assertEquals(reason, failure.reason());
  }

  @Test
  @Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
  void anOpenBreakerIsClosedByAProbeWithoutAnyCaller() {
    store.mood = MemoryStore.Mood.FAILING;
    for (int call = 0; call < 3; call++) {
      assertFails(ErrorReason.ERROR_REASON_STORAGE);
    }
    assertTrue(client.isCircuitOpen());
    store.probed.join();
    store.mood = MemoryStore.Mood.WELL;
    while (client.isCircuitOpen()) {
      Thread.onSpinWait();
    }
    assertEquals(0, client.lookupPrefix(NAMESPACE, KEYS).present());
  }

  @Test
  void moreCallsThanTheBulkheadHoldsAreRefused() {
    try (ChainPut first = client.put(NAMESPACE, 1, sets());
        ChainPut second = client.put(NAMESPACE, 1, sets())) {
      assertFails(ErrorReason.ERROR_REASON_OVERLOADED);
      assertEquals(first.presentSets(), second.presentSets());
    }
    assertEquals(0, client.lookupPrefix(NAMESPACE, KEYS).present());
    assertFalse(client.isCircuitOpen());
  }

  @Test
  void aPutWhoseStoreFallsSilentIsGivenUp() {
    try (ChainPut put = client.put(NAMESPACE, 1, sets())) {
      store.mood = MemoryStore.Mood.SILENT;
      put.add(0, 0, MemorySegment.ofArray(new byte[100]));
      ServiceException failure = assertThrows(ServiceException.class, put::commit);
      assertEquals(ErrorReason.ERROR_REASON_TIMEOUT, failure.reason());
      assertTrue(String.valueOf(failure.getMessage()).contains("was silent"));
    }
  }

  @Test
  void aLookupIsAskedAgainWhereTheStoreIsDraining() {
    store.refusals.set(2);
    assertEquals(0, client.lookupPrefix(NAMESPACE, KEYS).present());
    assertEquals(0, store.refusals.get());
  }

  @Test
  void aPutIsRepeatedWholeWhereThatMayHelpAndNotElsewhere() {
    AtomicInteger tries = new AtomicInteger();
    assertEquals(
        3,
        new PutRetry()
            .run(() -> {
              if (tries.incrementAndGet() < 3) {
                throw new ServiceException(ErrorReason.ERROR_REASON_UNAVAILABLE, "gone");
              }
              return tries.get();
            }));
    ServiceException full = new ServiceException(ErrorReason.ERROR_REASON_STORE_FULL, "full");
    tries.set(0);
    assertThrows(
        ServiceException.class,
        () ->
            new PutRetry()
                .run(() -> {
                  tries.incrementAndGet();
                  throw full;
                }));
    assertEquals(1, tries.get());
  }

  private static List<BlockSetInfo> sets() {
    return List.of(BlockSetInfo.newBuilder().setKey(KEYS.getFirst()).build());
  }
}
