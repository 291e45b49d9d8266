package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.rotatekv.proto.Channels;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.DescribeRequest;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.NodeGrpc;
import io.rotatekv.v1.NodeRole;
import io.rotatekv.v1.StatsResponse;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvStoreServerTest {

  private static final StoreConfig CONFIG = StoreConfig.defaults().withCapacity(16L << 20);
  private static final Namespace NAMESPACE =
      Namespace.newBuilder()
          .setModelFingerprint(ByteString.copyFromUtf8("model"))
          .setCodecFingerprint(ByteString.copyFromUtf8("codec"))
          .setTenant("tenant")
          .build();
  private static final ByteString KEY = ByteString.copyFrom(new byte[32]);

  @Test
  void blocksTravelOverTheNetworkFromAndToNativeMemory() {
    try (RunningServer server = KvStoreServer.start(CONFIG);
        StoreClient client =
            StoreClient.connect(StoreClientOptions.of(server.address(), "node", 1));
        Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(3 << 20);
      block.fill((byte) 42);
      put(client, block);
      var got =
          client.get(
              NAMESPACE,
              List.of(KEY),
              0,
              1,
              Duration.ofSeconds(30),
              (key, layer, bytes) -> assertEquals(-1, bytes.mismatch(block)));
      assertEquals(1, got.completePrefix());
      assertEquals(3 << 20, got.bytes());
    }
  }

  @Test
  void aReaderThatTakesNothingMoreHoldsItsWindowAndNobodyUp() throws Exception {
    int sets = 60; // of 1 MiB, more than any window
    StoreConfig config = StoreConfig.defaults().withCapacity(128L << 20);
    try (RunningServer server = KvStoreServer.start(config);
        StoreClient client = StoreClient.connect(StoreClientOptions.of(server.address(), "n", 1))) {
      putChain(client, sets);
      ManagedChannel channel = Channels.data(server.address());
      CountDownLatch first = new CountDownLatch(1);
      BlockingQueue<ClientCallStreamObserver<GetRequest>> calls = new ArrayBlockingQueue<>(1);
      KvStoreGrpc.newStub(channel)
          .get(
              GetRequest.newBuilder()
                  .setNamespace(NAMESPACE)
                  .addAllKeys(chain(sets))
                  .setLayerCount(1)
                  .build(),
              new ClientResponseObserver<GetRequest, GetResponse>() {
                @Override
                public void beforeStart(ClientCallStreamObserver<GetRequest> call) {
                  call.disableAutoRequestWithInitial(1);
                  calls.add(call);
                }

                @Override
                public void onNext(GetResponse response) {
                  first.countDown();
                }

                @Override
                public void onError(Throwable failure) {}

                @Override
                public void onCompleted() {}
              });
      assertTrue(first.await(30, TimeUnit.SECONDS));

      // Meanwhile another reader is served all of it, and a set is deleted and put again.
      var all =
          client.get(NAMESPACE, chain(sets), 0, 1, Duration.ofSeconds(30), (key, layer, b) -> {});
      assertEquals(sets, all.completePrefix());
      assertEquals(1, client.delete(NAMESPACE, chain(sets).subList(sets - 1, sets)));
      putChain(client, sets);
      StatsResponse during = client.stats();
      assertEquals(1, during.getOpenGets());
      assertEquals(5 << 20, during.getInFlightBytes());
      // HTTP/2's window of 16 MiB, the transport's threshold, a chunk, and the one that was taken.
      long stalled = during.getBytesOut() - all.bytes();
      assertTrue(stalled <= (16 + 4 + 1 + 1) << 20, () -> "sent " + stalled);

      calls.take().cancel("enough", null);
      while (client.stats().getOpenGets() > 0 || client.stats().getInFlightBytes() > 0) {
        Thread.onSpinWait();
      }
      Channels.close(channel);
    }
  }

  private static List<ByteString> chain(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(index -> ByteString.copyFrom(ByteBuffer.allocate(32).putInt(0, index)))
        .toList();
  }

  private static void putChain(StoreClient client, int count) {
    List<BlockSetInfo> sets =
        IntStream.range(0, count)
            .mapToObj(index ->
                BlockSetInfo.newBuilder()
                    .setKey(chain(count).get(index))
                    .setParentKey(index == 0 ? KEY : chain(count).get(index - 1))
                    .setChainIndex(index)
                    .setTokenCount(64)
                    .build())
            .toList();
    try (PutSession put = client.put(NAMESPACE, 1, sets)) {
      for (int set = 0; set < count; set++) {
        put.add(set, 0, MemorySegment.ofArray(new byte[1 << 20]));
      }
      var _ = put.commit();
    }
  }

  private static void put(StoreClient client, MemorySegment block) {
    BlockSetInfo set =
        BlockSetInfo.newBuilder().setKey(KEY).setParentKey(KEY).setTokenCount(64).build();
    try (PutSession put = client.put(NAMESPACE, 1, List.of(set))) {
      put.add(0, 0, block);
      assertEquals(1, put.commit().storedSets());
    }
  }

  @Test
  void aStoreThatIsGoneIsUnavailableAndNotAbsent() {
    String address;
    try (RunningServer server = KvStoreServer.start(CONFIG)) {
      address = server.address();
    }
    try (StoreClient client = StoreClient.connect(StoreClientOptions.of(address, "node", 1))) {
      ServiceException gone =
          assertThrows(ServiceException.class, () -> client.lookupPrefix(NAMESPACE, List.of(KEY)));
      assertEquals(ErrorReason.ERROR_REASON_UNAVAILABLE, gone.reason());
    }
  }

  @Test
  void itSaysWhatItIs() {
    try (RunningServer server = KvStoreServer.start(CONFIG)) {
      ManagedChannel channel = Channels.control(server.address());
      var description =
          NodeGrpc.newBlockingStub(channel).describe(DescribeRequest.getDefaultInstance());
      assertEquals(NodeRole.NODE_ROLE_KV_STORE, description.getRole());
      assertEquals(16L << 20, description.getLimits().getStoreCapacityBytes());
      Channels.close(channel);
    }
  }

  @Test
  void aPortInUseIsNamedAndFreesTheFile(@TempDir Path folder) {
    StoreConfig config = CONFIG.withFile(folder.resolve("store.map"));
    try (RunningServer other = KvStoreServer.start(CONFIG)) {
      StartupException failure =
          assertThrows(
              StartupException.class,
              () -> KvStoreServer.start(config.withAddress("127.0.0.1", other.port())).close());
      assertTrue(String.valueOf(failure.getMessage()).contains(other.address()));
    }
    KvStoreServer.start(config).close();
  }

  @Test
  void aConfigurationThatCannotWorkIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> CONFIG.withPageBytes(1000));
    assertThrows(IllegalArgumentException.class, () -> CONFIG.withCapacity(1000));
    assertThrows(IllegalArgumentException.class, () -> CONFIG.withLease(Duration.ofSeconds(-1)));
    assertThrows(IllegalArgumentException.class, () -> CONFIG.withAddress("127.0.0.1", 70_000));
  }
}
