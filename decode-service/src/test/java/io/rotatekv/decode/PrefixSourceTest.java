package io.rotatekv.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.proto.stores.StoreTargets;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.Miss;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.PrefillGrpc;
import io.rotatekv.v1.PrefillRequest;
import io.rotatekv.v1.PrefillResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a store and a prefill node can fail to do, and how it is told to the request. */
final class PrefixSourceTest {

  private static final int BLOCKS = 2;
  private static final KeyChain CHAIN =
      new KeyChain(KeyChain.namespace("aa", "bb", ""), new byte[32], List.of(key(1), key(2)));

  private final List<Integer> committed = new ArrayList<>();
  private final EmptyStore lost = new EmptyStore();
  private RunningServer node;
  private StoreGroup store;
  private PrefixSource source;

  /** Has lost every block, each for another reason, or drains. */
  private static final class EmptyStore extends KvStoreGrpc.KvStoreImplBase {

    volatile boolean draining;

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> observer) {
      if (draining) {
        throw new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "stopping");
      }
      observer.onNext(
          GetResponse.newBuilder()
              .addMisses(miss(0, MissReason.MISS_REASON_EVICTED))
              .addMisses(miss(1, MissReason.MISS_REASON_CORRUPT))
              .build());
      observer.onCompleted();
    }

    private static Miss miss(int key, MissReason reason) {
      return Miss.newBuilder().setKeyIndex(key).setReason(reason).build();
    }
  }

  /** Commits one block and ends; refuses prompts that begin with token 0. */
  private static final class HastyPrefill extends PrefillGrpc.PrefillImplBase {
    @Override
    public void prefill(PrefillRequest request, StreamObserver<PrefillResponse> observer) {
      if (request.getTokens(0) == 0) {
        throw new ServiceException(ErrorReason.ERROR_REASON_CODEC_MISMATCH, "another codec");
      }
      observer.onNext(
          PrefillResponse.newBuilder().setCommittedBlocks(1).setTotalBlocks(BLOCKS).build());
      observer.onCompleted();
    }
  }

  private static byte[] key(int last) {
    byte[] key = new byte[32];
    key[31] = (byte) last;
    return key;
  }

  @BeforeEach
  void start() {
    node = GrpcServers.start(ServerOptions.of("127.0.0.1", 0), List.of(lost, new HastyPrefill()));
    store =
        StoreGroup.connect(
            StoreTargets.parse(node.address()), 1, StoreClientOptions.of("", "test", 1));
    Duration patience = Duration.ofSeconds(30);
    source = new PrefixSource(store, node.address(), 1, patience, patience);
  }

  @AfterEach
  void stop() {
    source.close();
    store.close();
    node.close();
  }

  private void prefill(int firstToken) {
    int[] tokens = new int[BLOCKS * 64];
    tokens[0] = firstToken;
    source.prefill(CHAIN, tokens, 0, "request", committed::add);
  }

  @Test
  void blocksThatTheStoreLostAreAFailureThatNamesTheReasons() {
    ScriptedEngine.CountedSequence sequence = new ScriptedEngine.CountedSequence();
    ServiceException failure =
        assertThrows(
            ServiceException.class, () -> source.fetch(CHAIN, 0, BLOCKS, sequence, () -> {}));
    assertEquals(ErrorReason.ERROR_REASON_UNAVAILABLE, failure.reason());
    assertEquals("the store could not give 2 of 2 blocks (corrupt, evicted)", failure.getMessage());
  }

  @Test
  void aStoreThatDrainsIsNoReasonToEndTheRequest() {
    lost.draining = true;
    ScriptedEngine.CountedSequence sequence = new ScriptedEngine.CountedSequence();
    ServiceException failure =
        assertThrows(
            ServiceException.class, () -> source.fetch(CHAIN, 0, BLOCKS, sequence, () -> {}));
    assertEquals(ErrorReason.ERROR_REASON_UNAVAILABLE, failure.reason());
  }

  @Test
  void aPrefillNodeThatEndsEarlyIsAFailureAfterWhatItCommitted() {
    ServiceException failure = assertThrows(ServiceException.class, () -> prefill(1));
    assertEquals("the prefill node ended after 1 of 2 blocks", failure.getMessage());
    assertEquals(List.of(1), committed);
  }

  @Test
  void aRefusalKeepsItsReason() {
    ServiceException failure = assertThrows(ServiceException.class, () -> prefill(0));
    assertEquals(ErrorReason.ERROR_REASON_CODEC_MISMATCH, failure.reason());
    assertEquals("another codec", failure.getMessage());
  }

  @Test
  void aPrefillNodeThatIsGoneIsNamed() {
    String address = node.address();
    node.close();
    ServiceException failure = assertThrows(ServiceException.class, () -> prefill(1));
    assertEquals(ErrorReason.ERROR_REASON_UNAVAILABLE, failure.reason());
    String message = String.valueOf(failure.getMessage());
    assertTrue(
        message.startsWith("the prefill node at %s cannot be reached".formatted(address)), message);
  }
}
