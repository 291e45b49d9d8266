package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
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
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.NodeGrpc;
import io.rotatekv.v1.NodeRole;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
