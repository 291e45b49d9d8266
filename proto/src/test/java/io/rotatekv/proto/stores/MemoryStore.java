package io.rotatekv.proto.stores;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServerOptions;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.BlockBatch;
import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.LookupPrefixRequest;
import io.rotatekv.v1.LookupPrefixResponse;
import io.rotatekv.v1.Miss;
import io.rotatekv.v1.MissReason;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A store on loopback that keeps sets on the heap, and fails as a test says. */
final class MemoryStore extends KvStoreGrpc.KvStoreImplBase implements AutoCloseable {

  enum Mood {
    WELL,
    FAILING,
    SILENT
  }

  final Map<ByteString, TreeMap<Integer, byte[]>> sets = new ConcurrentHashMap<>();
  final Set<String> asked = ConcurrentHashMap.newKeySet();
  volatile Mood mood = Mood.WELL;

  /** Calls that are refused before any is answered. */
  final AtomicInteger refusals = new AtomicInteger();

  /** Completed when the store is asked for its figures. */
  final CompletableFuture<Void> probed = new CompletableFuture<>();

  /** Blocks that a get sends before it falls silent. */
  volatile int sendOnly = Integer.MAX_VALUE;

  private final RunningServer server =
      GrpcServers.start(ServerOptions.of("127.0.0.1", 0), List.of(this));

  String target() {
    return server.address();
  }

  @Override
  public void close() {
    server.close();
  }

  /** Whether to answer. */
  private boolean answers(String call) {
    asked.add(call);
    if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      throw new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "stopping");
    }
    if (mood == Mood.FAILING) {
      throw new ServiceException(ErrorReason.ERROR_REASON_STORAGE, "the disk is gone");
    }
    return mood == Mood.WELL;
  }

  @Override
  public void stats(StatsRequest request, StreamObserver<StatsResponse> observer) {
    probed.complete(null);
    if (answers("stats")) {
      observer.onNext(StatsResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }

  @Override
  public void lookupPrefix(
      LookupPrefixRequest request, StreamObserver<LookupPrefixResponse> observer) {
    if (!answers("lookup")) {
      return;
    }
    int present = (int) request.getKeysList().stream().takeWhile(sets::containsKey).count();
    observer.onNext(LookupPrefixResponse.newBuilder().setPresent(present).build());
    observer.onCompleted();
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    if (!answers("get")) {
      return;
    }
    int sent = 0;
    Set<Integer> missed = new HashSet<>();
    int end = request.getFirstLayer() + request.getLayerCount();
    for (int layer = request.getFirstLayer(); layer < end; layer++) {
      for (int key = 0; key < request.getKeysCount(); key++) {
        TreeMap<Integer, byte[]> set = sets.get(request.getKeys(key));
        if (set == null) {
          if (missed.add(key)) {
            observer.onNext(miss(key));
          }
        } else if (sent++ == sendOnly) {
          return;
        } else {
          observer.onNext(block(key, layer, Objects.requireNonNull(set.get(layer))));
        }
      }
    }
    observer.onCompleted();
  }

  private static GetResponse miss(int key) {
    return GetResponse.newBuilder()
        .addMisses(Miss.newBuilder().setKeyIndex(key).setReason(MissReason.MISS_REASON_EVICTED))
        .build();
  }

  private static GetResponse block(int key, int layer, byte[] bytes) {
    BlockInfo info =
        BlockInfo.newBuilder()
            .setKeyIndex(key)
            .setLayer(layer)
            .setLength(bytes.length)
            .setCrc32C(BlockBatches.crc32c(ByteBuffer.wrap(bytes)))
            .build();
    return GetResponse.newBuilder()
        .setBatch(BlockBatch.newBuilder().addBlocks(info).setPayload(ByteString.copyFrom(bytes)))
        .build();
  }

  @Override
  public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
    List<BlockSetInfo> begun = new ArrayList<>();
    Map<ByteString, TreeMap<Integer, byte[]>> pending = new ConcurrentHashMap<>();
    return new StreamObserver<>() {
      @Override
      public void onNext(PutRequest request) {
        if (answers("put")) {
          step(request);
        }
      }

      private void step(PutRequest request) {
        switch (request.getStepCase()) {
          case BEGIN -> {
            begun.addAll(request.getBegin().getSetsList());
            PutResponse.Begun.Builder answer = PutResponse.Begun.newBuilder();
            for (int set = 0; set < begun.size(); set++) {
              if (sets.containsKey(begun.get(set).getKey())) {
                answer.addPresent(set);
              }
            }
            responses.onNext(PutResponse.newBuilder().setBegun(answer).build());
          }
          case BLOCKS ->
              BlockBatches.forEach(
                  request.getBlocks(),
                  (info, bytes) -> {
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    pending
                        .computeIfAbsent(
                            begun.get(info.getKeyIndex()).getKey(), _ -> new TreeMap<>())
                        .put(info.getLayer(), copy);
                  });
          case COMMIT -> {
            sets.putAll(pending);
            responses.onNext(
                PutResponse.newBuilder()
                    .setCommitted(PutResponse.Committed.newBuilder().setStoredSets(pending.size()))
                    .build());
          }
          case STEP_NOT_SET -> throw ServiceException.invalid("no step");
        }
      }

      @Override
      public void onError(Throwable failure) {
        pending.clear();
      }

      @Override
      public void onCompleted() {
        if (mood == Mood.WELL) {
          responses.onCompleted();
        }
      }
    };
  }
}
