package io.rotatekv.prefill;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.proto.stores.StoreTargets;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How a prompt's chunks are computed and sent. */
final class PrefillJobTest {

  private static final int CHUNKS = 3;

  private final List<CompletableFuture<Void>> computed =
      Stream.generate(() -> new CompletableFuture<Void>()).limit(CHUNKS).toList();
  private final BlockEngine engine = new BlockEngine(chunk -> computed.get(chunk).complete(null));
  private final PatientStore patient = new PatientStore();
  private RunningServer node;
  private StoreGroup store;

  /**
   * Commits a chunk once the next has been computed: for ever late, if that waits for the commit.
   */
  private final class PatientStore extends KvStoreGrpc.KvStoreImplBase {

    @Override
    public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
      return new Put(responses);
    }
  }

  private final class Put implements StreamObserver<PutRequest> {

    private final StreamObserver<PutResponse> responses;
    private int chunk;

    Put(StreamObserver<PutResponse> responses) {
      this.responses = responses;
    }

    @Override
    public void onNext(PutRequest request) {
      if (request.hasBegin()) {
        chunk = request.getBegin().getSets(0).getChainIndex();
        responses.onNext(
            PutResponse.newBuilder().setBegun(PutResponse.Begun.getDefaultInstance()).build());
      } else if (request.hasCommit()) {
        if (chunk + 1 < CHUNKS) {
          computed.get(chunk + 1).join();
        }
        responses.onNext(
            PutResponse.newBuilder()
                .setCommitted(PutResponse.Committed.newBuilder().setStoredSets(1))
                .build());
      }
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      responses.onCompleted();
    }
  }

  @BeforeEach
  void start() {
    node = GrpcServers.start(ServerOptions.of("127.0.0.1", 0), List.of(patient));
    store =
        StoreGroup.connect(
            StoreTargets.parse(node.address()), 1, StoreClientOptions.of("", "test", 1));
  }

  @AfterEach
  void stop() {
    computed.forEach(chunk -> chunk.complete(null));
    store.close();
    node.close();
  }

  @Test
  void aChunkIsComputedWhileTheOneBeforeIsOnItsWay() {
    List<byte[]> keys = IntStream.range(0, CHUNKS).mapToObj(PrefillJobTest::key).toList();
    KeyChain chain = new KeyChain(KeyChain.namespace("aa", "bb", ""), new byte[32], keys);
    List<Integer> committed = new ArrayList<>();
    try (Compute compute = new Compute(engine)) {
      new PrefillJob(
              compute,
              store,
              chain,
              new int[CHUNKS * BLOCK_TOKENS],
              BLOCK_TOKENS,
              Context.current())
          .run(0, response -> committed.add(response.getCommittedBlocks()));
    }
    assertEquals(List.of(1, 2, 3), committed);
    assertEquals(1, engine.closedSequences());
  }

  private static byte[] key(int block) {
    byte[] key = new byte[32];
    key[0] = (byte) (block + 1);
    return key;
  }
}
