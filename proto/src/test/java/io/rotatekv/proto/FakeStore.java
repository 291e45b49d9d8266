package io.rotatekv.proto;

import io.grpc.stub.StreamObserver;
import io.rotatekv.v1.DeleteRequest;
import io.rotatekv.v1.DeleteResponse;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.LookupPrefixRequest;
import io.rotatekv.v1.LookupPrefixResponse;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A store that does as a test says: fails, keeps silent, or sends what it was given. */
final class FakeStore extends KvStoreGrpc.KvStoreImplBase {

  final AtomicInteger lookups = new AtomicInteger();
  final List<Integer> deleted = new CopyOnWriteArrayList<>();
  volatile @Nullable RuntimeException failure;
  volatile boolean silent;
  volatile List<GetResponse> responses = List.of();

  @Override
  public void lookupPrefix(
      LookupPrefixRequest request, StreamObserver<LookupPrefixResponse> observer) {
    lookups.incrementAndGet();
    RuntimeException now = failure;
    if (now != null) {
      throw now;
    }
    if (!silent) {
      observer.onNext(LookupPrefixResponse.newBuilder().setPresent(request.getKeysCount()).build());
      observer.onCompleted();
    }
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
    deleted.add(request.getKeysCount());
    observer.onNext(DeleteResponse.newBuilder().setDeleted(request.getKeysCount()).build());
    observer.onCompleted();
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    responses.forEach(observer::onNext);
    if (!silent) {
      observer.onCompleted();
    }
  }

  /** Takes whatever comes, and ends the stream without an answer. */
  @Override
  public StreamObserver<PutRequest> put(StreamObserver<PutResponse> observer) {
    observer.onCompleted();
    return new StreamObserver<>() {
      @Override
      public void onNext(PutRequest request) {}

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {}
    };
  }
}
