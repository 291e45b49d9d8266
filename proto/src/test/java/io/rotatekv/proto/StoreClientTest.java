package io.rotatekv.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.Namespace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class StoreClientTest {

  private static final Namespace NAMESPACE = Namespace.getDefaultInstance();
  private static final List<ByteString> KEYS = List.of(ByteString.EMPTY, ByteString.EMPTY);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration OPEN_FOR = Duration.ofSeconds(5);

  private final AtomicLong millis = new AtomicLong();
  private final FakeStore store = new FakeStore();
  private final String name = InProcessServerBuilder.generateName();
  private final Server server = server();
  private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();

  private Server server() {
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
    GrpcServers.addServices(builder, List.of(store));
    return builder.build();
  }

  private StoreClient client(Duration callTimeout) {
    return StoreClient.over(
        channel,
        channel,
        StoreClientOptions.of("store", "node", 1)
            .withCallTimeout(callTimeout)
            .withBreaker(3, OPEN_FOR, new ManualClock(millis)));
  }

  /** A clock that stands until the test moves it. */
  private static final class ManualClock extends Clock {

    private final AtomicLong millis;

    ManualClock(AtomicLong millis) {
      this.millis = millis;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(millis.get());
    }
  }

  @BeforeEach
  void start() throws IOException {
    server.start();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  private static ServiceException assertReason(ErrorReason reason, Executable action) {
    ServiceException failure = assertThrows(ServiceException.class, action);
    assertEquals(reason, failure.reason());
    return failure;
  }

  private static void fail(StoreClient client, ErrorReason reason, int times) {
    for (int i = 0; i < times; i++) {
      assertReason(reason, () -> client.lookupPrefix(NAMESPACE, KEYS));
    }
  }

  @Test
  void theBreakerOpensAfterFailuresAndHealsByOneProbe() {
    StoreClient client = client(LONG);
    store.failure = new IllegalStateException("broken");
    fail(client, ErrorReason.ERROR_REASON_INTERNAL, 3);
    assertTrue(client.isCircuitOpen());
    assertEquals(
        OPEN_FOR,
        assertReason(
                ErrorReason.ERROR_REASON_CIRCUIT_OPEN, () -> client.lookupPrefix(NAMESPACE, KEYS))
            .retryAfter());
    assertReason(ErrorReason.ERROR_REASON_CIRCUIT_OPEN, () -> client.put(NAMESPACE, 1, List.of()));
    assertEquals(3, store.lookups.get());

    millis.addAndGet(OPEN_FOR.toMillis() + 1);
    fail(client, ErrorReason.ERROR_REASON_INTERNAL, 1);
    fail(client, ErrorReason.ERROR_REASON_CIRCUIT_OPEN, 1);
    assertEquals(4, store.lookups.get());

    store.failure = null;
    millis.addAndGet(OPEN_FOR.toMillis() + 1);
    assertEquals(2, client.lookupPrefix(NAMESPACE, KEYS).present());
    assertEquals(2, client.lookupPrefix(NAMESPACE, KEYS).present());
    assertFalse(client.isCircuitOpen());
  }

  @Test
  void aRefusalIsAnAnswerAndOpensNothing() {
    StoreClient client = client(LONG);
    store.failure = ServiceException.invalid("no");
    fail(client, ErrorReason.ERROR_REASON_INVALID_REQUEST, 10);
    store.failure = new ServiceException(ErrorReason.ERROR_REASON_STORE_FULL, "full");
    fail(client, ErrorReason.ERROR_REASON_STORE_FULL, 10);
    assertEquals(20, store.lookups.get());
  }

  @Test
  void aSilentStoreTimesOutAndOpensTheBreaker() {
    StoreClient client = client(SHORT);
    store.silent = true;
    fail(client, ErrorReason.ERROR_REASON_TIMEOUT, 3);
    fail(client, ErrorReason.ERROR_REASON_CIRCUIT_OPEN, 1);
  }

  @Test
  void aStalledGetTimesOutAfterGivingWhatCame() {
    store.silent = true;
    store.responses = List.of(response(info(0, 0, bytes(1)), info(1, 0, bytes(2))));
    List<Integer> got = new ArrayList<>();
    assertReason(
        ErrorReason.ERROR_REASON_TIMEOUT,
        () ->
            client(LONG)
                .get(
                    NAMESPACE,
                    KEYS,
                    0,
                    2,
                    Duration.ofSeconds(2),
                    (key, layer, bytes) -> got.add(key)));
    assertEquals(List.of(0, 1), got);
  }

  @Test
  void aBlockDamagedOnItsWayIsAMissAndIsNotHandedOn() {
    Sent damaged = info(1, 0, bytes(2));
    damaged.bytes()[0] ^= 1;
    store.responses =
        List.of(response(info(0, 0, bytes(1)), damaged), response(info(0, 1, bytes(3))));
    List<Integer> got = new ArrayList<>();
    GetResult result =
        client(LONG).get(NAMESPACE, KEYS, 0, 2, LONG, (key, layer, b) -> got.add(key));
    assertEquals(List.of(0, 0), got);
    assertEquals(Map.of(1, MissReason.MISS_REASON_CORRUPT), result.misses());
    assertEquals(1, result.completePrefix());
  }

  @Test
  void aStreamThatEndsEarlyOrOutOfOrderIsAFaultAndNotAMiss() {
    StoreClient client = client(LONG);
    store.responses = List.of(response(info(0, 0, bytes(1))));
    assertReason(
        ErrorReason.ERROR_REASON_INTERNAL,
        () -> client.get(NAMESPACE, KEYS, 0, 1, LONG, (key, layer, bytes) -> {}));
    store.responses = List.of(response(info(0, 1, bytes(1))));
    assertReason(
        ErrorReason.ERROR_REASON_INTERNAL,
        () -> client.get(NAMESPACE, KEYS, 0, 2, LONG, (key, layer, bytes) -> {}));
  }

  @Test
  void aPutStreamThatEndsWithoutAnAnswerIsAFault() {
    assertReason(
        ErrorReason.ERROR_REASON_INTERNAL, () -> client(LONG).put(NAMESPACE, 1, List.of()));
  }

  private record Sent(BlockInfo info, @SuppressWarnings("ArrayRecordComponent") byte[] bytes) {}

  private static byte[] bytes(int seed) {
    byte[] bytes = new byte[1000];
    new java.util.Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static Sent info(int key, int layer, byte[] bytes) {
    return new Sent(
        BlockInfo.newBuilder()
            .setKeyIndex(key)
            .setLayer(layer)
            .setLength(bytes.length)
            .setCrc32C(BlockBatches.crc32c(ByteBuffer.wrap(bytes)))
            .build(),
        bytes);
  }

  private static GetResponse response(Sent... blocks) {
    BlockBatch.Builder batch = BlockBatch.newBuilder();
    ByteString payload = ByteString.EMPTY;
    for (Sent block : blocks) {
      batch.addBlocks(block.info());
      payload = payload.concat(ByteString.copyFrom(block.bytes()));
    }
    return GetResponse.newBuilder().setBatch(batch.setPayload(payload)).build();
  }

  @Test
  void aDeleteOfMoreKeysThanOneCallTakesIsCut() {
    List<ByteString> keys = Collections.nCopies(2 * Wire.MAX_KEYS + 1, ByteString.EMPTY);
    try (StoreClient client = client(LONG)) {
      assertEquals(keys.size(), client.delete(NAMESPACE, keys));
    }
    assertEquals(List.of(Wire.MAX_KEYS, Wire.MAX_KEYS, 1), store.deleted);
  }
}
