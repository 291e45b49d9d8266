package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import io.rotatekv.v1.ListRequest;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.PinRequest;
import io.rotatekv.v1.PinResponse;
import io.rotatekv.v1.UnpinRequest;
import io.rotatekv.v1.VerifyRequest;
import io.rotatekv.v1.VerifyResponse;
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
  private static final StoreLimits LIMITS = StoreLimits.DEFAULTS.withMaxInFlight(16L << 20);
  private static final int LAYERS = 4;
  private static final int BLOCK_BYTES = 100_000;

  private final MutableClock clock = new MutableClock();
  private final ObservedStore store =
      new ObservedStore(
          PagedBlockStore.open(
              StoreConfig.defaults().withCapacity(16L << 20), clock, Runnable::run));

  /** One thread, so that a call is answered only when the handlers before it have returned. */
  private final ExecutorService executor = Executors.newSingleThreadExecutor();

  private final String name = InProcessServerBuilder.generateName();
  private final Server server = server();
  private final ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
  private final StoreClient client = client(1);

  private Server server() {
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).executor(executor);
    GrpcServers.addServices(builder, List.of(KvStoreService.of(store, LIMITS)));
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
    try (PutSession open = client.put(NAMESPACE, LAYERS, sets(30))) {
      fill(open, 30);
      open.flush();
      ServiceException full = assertThrows(ServiceException.class, () -> put(30));
      assertEquals(ErrorReason.ERROR_REASON_STORE_FULL, full.reason());
      assertTrue(full.retryAfter().isPositive());
    }
  }

  @Test
  void aPutLargerThanTheStoreIsRefusedForGood() {
    ServiceException tooLarge = assertThrows(ServiceException.class, () -> put(60));
    assertEquals(ErrorReason.ERROR_REASON_INVALID_REQUEST, tooLarge.reason());
    assertFalse(tooLarge.retryAfter().isPositive());
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
    SlowReader reader = stalledReader();
    assertEquals(1, client.stats().getOpenGets());
    assertEquals(reader.blocks.get(), store.steps.get());
    assertTrue(
        reader.blocks.get() < 15, () -> "1 MiB holds at most 11 blocks, got " + reader.blocks);
    assertEquals(5 << 20, client.stats().getInFlightBytes());
    reader.cancel();
    assertTrue(store.cursorClosed.await(30, TimeUnit.SECONDS));
    assertEquals(0, client.stats().getOpenGets());
    assertEquals(0, client.stats().getInFlightBytes());
  }

  /** A reader that has got one message of 30 sets and asks for no more. */
  private SlowReader stalledReader() throws InterruptedException {
    SlowReader reader = new SlowReader();
    KvStoreGrpc.newStub(channel)
        .get(
            GetRequest.newBuilder()
                .setNamespace(NAMESPACE)
                .addAllKeys(keys(30))
                .setLayerCount(LAYERS)
                .build(),
            reader);
    assertTrue(reader.first.await(30, TimeUnit.SECONDS));
    return reader;
  }

  @Test
  void stalledReadersKeepNobodyFromPuttingDeletingAndEvicting() throws InterruptedException {
    put(30);
    SlowReader reader = stalledReader();
    clock.advance(StoreConfig.defaults().lease());
    assertEquals(1, client.delete(NAMESPACE, List.of(key(29))));
    try (PutSession put = client.put(NAMESPACE, LAYERS, sets(100).subList(60, 80))) {
      fill(put, 20);
      assertEquals(20, put.commit().storedSets());
    }
    assertTrue(client.stats().getEvictedSets() > 0);
    reader.cancel();
  }

  @Test
  void whatBuffersCannotHoldIsRefusedWithADelayAndServedLater() throws InterruptedException {
    put(30);
    List<SlowReader> readers = List.of(stalledReader(), stalledReader(), stalledReader());
    assertEquals(3 * (5 << 20), client.stats().getInFlightBytes());
    ServiceException refused = assertThrows(ServiceException.class, () -> readAll(30));
    assertEquals(ErrorReason.ERROR_REASON_OVERLOADED, refused.reason());
    assertTrue(refused.retryAfter().isPositive());
    assertEquals(3, client.stats().getOpenGets());
    assertEquals(1, client.stats().getRefusals(0).getCount());
    assertEquals(1 * LAYERS, readAll(1).blocks()); // A short one still fits.
    readers.getFirst().cancel();
    assertTrue(store.cursorClosed.await(30, TimeUnit.SECONDS));
    assertEquals(30 * LAYERS, readAll(30).blocks());
    readers.forEach(SlowReader::cancel);
  }

  private GetResult readAll(int count) {
    return client.get(NAMESPACE, keys(count), 0, LAYERS, TIMEOUT, (key, layer, bytes) -> {});
  }

  @Test
  void setsArePinnedAndUnpinnedByName() {
    put(3);
    KvStoreGrpc.KvStoreBlockingStub stub = KvStoreGrpc.newBlockingStub(channel);
    PinRequest request =
        PinRequest.newBuilder()
            .setNamespace(NAMESPACE)
            .addAllKeys(keys(4))
            .setHolder("chat")
            .setDurationMs(Integer.MAX_VALUE)
            .build();
    assertEquals(
        PinResponse.newBuilder()
            .setPinned(3)
            .setFirstMiss(MissReason.MISS_REASON_ABSENT)
            .setGrantedMs((int) LIMITS.maxPin().toMillis())
            .build(),
        stub.pin(request));
    assertEquals(3, client.stats().getPinnedSets());
    UnpinRequest.Builder unpin =
        UnpinRequest.newBuilder().setNamespace(NAMESPACE).addAllKeys(keys(4));
    assertEquals(0, stub.unpin(unpin.setHolder("other").build()).getUnpinned());
    assertEquals(3, stub.unpin(unpin.setHolder("chat").build()).getUnpinned());
    assertEquals(
        io.grpc.Status.Code.INVALID_ARGUMENT,
        assertThrows(
                io.grpc.StatusRuntimeException.class,
                () -> stub.pin(request.toBuilder().setHolder("").build()))
            .getStatus()
            .getCode());
  }

  @Test
  void theListAndTheVerificationCoverAllSets() {
    put(30);
    KvStoreGrpc.KvStoreBlockingStub stub = KvStoreGrpc.newBlockingStub(channel);
    List<ByteString> listed = new ArrayList<>();
    stub.list(ListRequest.getDefaultInstance())
        .forEachRemaining(page ->
            page.getSetsList()
                .forEach(set -> {
                  assertEquals(NAMESPACE, set.getNamespace());
                  listed.add(set.getKey());
                }));
    assertEquals(java.util.Set.copyOf(keys(30)), java.util.Set.copyOf(listed));
    assertEquals(30, listed.size());
    assertTrue(!stub.list(ListRequest.newBuilder().setTenant("eve").build()).hasNext());
    VerifyResponse end = VerifyResponse.getDefaultInstance();
    for (var each = stub.verify(VerifyRequest.getDefaultInstance()); each.hasNext(); ) {
      end = each.next();
    }
    assertEquals(30, end.getCheckedSets());
    assertEquals(30, end.getTotalSets());
    assertEquals(client.stats().getPayloadBytes(), end.getCheckedBytes());
    assertEquals(0, end.getDamagedCount());
  }

  /** Asks for one message and no more. */
  private static final class SlowReader implements ClientResponseObserver<GetRequest, GetResponse> {

    final CountDownLatch first = new CountDownLatch(1);
    final AtomicInteger blocks = new AtomicInteger();
    private @org.jspecify.annotations.Nullable ClientCallStreamObserver<GetRequest> call;

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
