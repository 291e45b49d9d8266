package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.PrefixLookup;
import io.rotatekv.proto.PutResult;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.Namespace;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KvStoreServiceTest {

  private static final Namespace NAMESPACE =
      Namespace.newBuilder()
          .setModelFingerprint(ByteString.copyFromUtf8("model"))
          .setCodecFingerprint(ByteString.copyFromUtf8("codec"))
          .build();
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int LAYERS = 4;
  private static final int BLOCK_BYTES = 100_000;

  private final MutableClock clock = new MutableClock();
  private final ObservedStore store =
      new ObservedStore(
          ChronicleBlockStore.open(
              StoreConfig.defaults().withCapacity(16L << 20), clock, Runnable::run));

  /** One thread, so that a call is answered only when the handlers before it have returned. */
  private final ExecutorService executor = Executors.newSingleThreadExecutor();

  private final String name = InProcessServerBuilder.generateName();
  private final Server server = server();
  private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
  private final StoreClient client = client(1);

  private Server server() {
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).executor(executor);
    GrpcServers.addServices(builder, List.of(new KvStoreService(store, StoreLimits.DEFAULTS)));
    return builder.build();
  }

  private StoreClient client(long generation) {
    return StoreClient.over(channel, channel, StoreClientOptions.of("test", "node", generation));
  }

  @BeforeEach
  void start() throws IOException {
    server.start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    channel.shutdownNow();
    server.shutdownNow().awaitTermination();
    executor.shutdown();
    assertTrue(executor.awaitTermination(30, TimeUnit.SECONDS));
    store.close();
  }

  private static ByteString key(int index) {
    ByteBuffer key = ByteBuffer.allocate(BlockKey.BYTES);
    new BlockKey(1, 2, 3, index).write(key);
    return ByteString.copyFrom(key.flip());
  }

  private static List<ByteString> keys(int count) {
    return IntStream.range(0, count).mapToObj(KvStoreServiceTest::key).toList();
  }

  private static List<BlockSetInfo> sets(int count) {
    return IntStream.range(0, count)
        .mapToObj(index ->
            BlockSetInfo.newBuilder()
                .setKey(key(index))
                .setParentKey(key(index - 1))
                .setChainIndex(index)
                .setTokenCount(64)
                .build())
        .toList();
  }

  private static byte[] bytesOf(int key, int layer) {
    byte[] bytes = new byte[BLOCK_BYTES + key];
    new java.util.Random(key * 1000L + layer).nextBytes(bytes);
    return bytes;
  }

  private static void fill(PutSession put, int sets) {
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int set = 0; set < sets; set++) {
        put.add(set, layer, MemorySegment.ofArray(bytesOf(set, layer)));
      }
    }
  }

  private PutResult put(int sets) {
    try (PutSession put = client.put(NAMESPACE, LAYERS, sets(sets))) {
      fill(put, sets);
      return put.commit();
    }
  }

  private static void assertReason(
      ErrorReason reason, org.junit.jupiter.api.function.Executable action) {
    assertEquals(reason, assertThrows(ServiceException.class, action).reason());
  }

  @Test
  void whatIsPutIsFoundAndGot() {
    PutResult result = put(12);
    assertEquals(12, result.storedSets());
    assertEquals(12 * LAYERS, result.blocksSent());
    assertEquals(
        new PrefixLookup(12, MissReason.MISS_REASON_UNSPECIFIED),
        client.lookupPrefix(NAMESPACE, keys(12)));

    List<String> events = new ArrayList<>();
    GetResult got =
        client.get(
            NAMESPACE,
            keys(12),
            1,
            LAYERS - 1,
            TIMEOUT,
            new BlockSink() {
              @Override
              public void block(int keyIndex, int layer, MemorySegment bytes) {
                assertEquals(-1, bytes.mismatch(MemorySegment.ofArray(bytesOf(keyIndex, layer))));
                assertTrue(bytes.isReadOnly());
                events.add("block");
              }

              @Override
              public void layerDone(int layer) {
                assertEquals(layer * 12L, events.stream().filter("block"::equals).count());
                events.add("layer " + layer);
              }
            });
    assertEquals(12, got.completePrefix());
    assertEquals(12 * (LAYERS - 1), got.blocks());
    assertEquals("layer 3", events.getLast());
    assertEquals(3, events.stream().filter(event -> event.startsWith("layer")).count());
  }

  @Test
  void missesHaveReasonsAndEndThePrefix() {
    put(5);
    assertEquals(1, client.delete(NAMESPACE, List.of(key(2))));
    AtomicInteger told = new AtomicInteger();
    GetResult got =
        client.get(
            NAMESPACE,
            keys(5),
            0,
            LAYERS,
            TIMEOUT,
            new BlockSink() {
              @Override
              public void block(int keyIndex, int layer, MemorySegment bytes) {}

              @Override
              public void miss(int keyIndex, MissReason reason) {
                told.addAndGet(keyIndex);
              }
            });
    assertEquals(2, got.completePrefix());
    assertEquals(java.util.Map.of(2, MissReason.MISS_REASON_ABSENT), got.misses());
    assertEquals(2, told.get());
    assertEquals(
        new PrefixLookup(2, MissReason.MISS_REASON_ABSENT),
        client.lookupPrefix(NAMESPACE, keys(5)));
  }

  @Test
  void blocksOfPresentSetsAreNotSent() {
    put(3);
    try (PutSession put = client.put(NAMESPACE, LAYERS, sets(4))) {
      assertTrue(put.isPresent(2));
      assertEquals(3, put.presentSets());
      fill(put, 4);
      PutResult result = put.commit();
      assertEquals(1, result.storedSets());
      assertEquals(LAYERS, result.blocksSent());
    }
  }

  @Test
  void aPutThatIsClosedIsAbandonedAtTheStore() throws InterruptedException {
    PutSession put = client.put(NAMESPACE, LAYERS, sets(3));
    fill(put, 3);
    put.flush();
    put.close();
    assertTrue(store.putClosed.await(30, TimeUnit.SECONDS));
    assertEquals(0, client.stats().getOpenPuts());
    assertEquals(0, client.stats().getUsedBytes());
    assertEquals(0, client.lookupPrefix(NAMESPACE, keys(3)).present());
  }

  @Test
  void aSupersededProducerIsTold() {
    PutSession old = client.put(NAMESPACE, LAYERS, sets(3));
    fill(old, 2);
    PutSession fresh = client(2).put(NAMESPACE, LAYERS, sets(3));
    assertReason(ErrorReason.ERROR_REASON_STALE_GENERATION, old::commit);
    assertReason(
        ErrorReason.ERROR_REASON_STALE_GENERATION, () -> client.put(NAMESPACE, LAYERS, sets(1)));
    fresh.close();
  }

  @Test
  void aReclaimedPutIsTold() {
    PutSession put = client.put(NAMESPACE, LAYERS, sets(1));
    clock.advance(StoreConfig.defaults().putTimeout());
    store.reclaim();
    fill(put, 1);
    assertReason(ErrorReason.ERROR_REASON_PUT_EXPIRED, put::commit);
  }

  @Test
  void aFullStoreRefusesWithADelay() {
    ServiceException full = assertThrows(ServiceException.class, () -> put(60));
    assertEquals(ErrorReason.ERROR_REASON_STORE_FULL, full.reason());
    assertTrue(full.retryAfter().isPositive());
    assertEquals(0, client.stats().getUsedBytes());
  }

  @Test
  void malformedRequestsAreRefusedByName() {
    ByteString shortKey = ByteString.copyFromUtf8("short");
    ServiceException failure =
        assertThrows(
            ServiceException.class, () -> client.lookupPrefix(NAMESPACE, List.of(shortKey)));
    assertEquals(ErrorReason.ERROR_REASON_INVALID_REQUEST, failure.reason());
    assertEquals("a key has 32 bytes, got 5", failure.getMessage());
    assertReason(
        ErrorReason.ERROR_REASON_INVALID_REQUEST,
        () -> client.lookupPrefix(Namespace.getDefaultInstance(), keys(1)));
    assertReason(
        ErrorReason.ERROR_REASON_INVALID_REQUEST,
        () -> client.get(NAMESPACE, keys(1), 0, 0, TIMEOUT, (key, layer, bytes) -> {}));
    assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, () -> client.put(NAMESPACE, 0, sets(1)));
    PutSession put = client.put(NAMESPACE, LAYERS, sets(1));
    put.add(0, 1, MemorySegment.ofArray(bytesOf(0, 1)));
    assertReason(ErrorReason.ERROR_REASON_INVALID_REQUEST, put::commit);
  }

  @Test
  void aSinkThatThrowsEndsTheGetAtTheStore() throws InterruptedException {
    put(30);
    assertThrows(
        ArithmeticException.class,
        () ->
            client.get(
                NAMESPACE,
                keys(30),
                0,
                LAYERS,
                TIMEOUT,
                (key, layer, bytes) -> {
                  throw new ArithmeticException();
                }));
    assertTrue(store.cursorClosed.await(30, TimeUnit.SECONDS));
    assertEquals(0, client.stats().getOpenGets());
  }

  @Test
  void aReaderThatAsksForOneMessageGetsNoMoreAndCancelFreesTheRest() throws InterruptedException {
    put(30);
    CountDownLatch first = new CountDownLatch(1);
    AtomicInteger blocks = new AtomicInteger();
    SlowReader reader = new SlowReader(first, blocks);
    KvStoreGrpc.newStub(channel)
        .get(
            GetRequest.newBuilder()
                .setNamespace(NAMESPACE)
                .addAllKeys(keys(30))
                .setLayerCount(LAYERS)
                .build(),
            reader);
    assertTrue(first.await(30, TimeUnit.SECONDS));
    assertEquals(1, client.stats().getOpenGets());
    assertEquals(blocks.get(), store.steps.get());
    assertTrue(blocks.get() < 15, () -> "1 MiB holds at most 11 blocks, got " + blocks);
    reader.cancel();
    assertTrue(store.cursorClosed.await(30, TimeUnit.SECONDS));
    assertEquals(0, client.stats().getOpenGets());
  }

  /** Asks for one message and no more. */
  private static final class SlowReader implements ClientResponseObserver<GetRequest, GetResponse> {

    private final CountDownLatch first;
    private final AtomicInteger blocks;
    private @org.jspecify.annotations.Nullable ClientCallStreamObserver<GetRequest> call;

    SlowReader(CountDownLatch first, AtomicInteger blocks) {
      this.first = first;
      this.blocks = blocks;
    }

    void cancel() {
      java.util.Objects.requireNonNull(call).cancel("enough", null);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GetRequest> requests) {
      call = requests;
      requests.disableAutoRequestWithInitial(1);
    }

    @Override
    public void onNext(GetResponse response) {
      blocks.addAndGet(response.getBatch().getBlocksCount());
      first.countDown();
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }
}
