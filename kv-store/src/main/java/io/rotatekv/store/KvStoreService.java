package io.rotatekv.store;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.DeleteRequest;
import io.rotatekv.v1.DeleteResponse;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.LookupPrefixRequest;
import io.rotatekv.v1.LookupPrefixResponse;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;

/** Serves a {@link BlockStore}. What handlers throw is mapped by the server's interceptor. */
final class KvStoreService extends KvStoreGrpc.KvStoreImplBase {

  private final BlockStore store;

  KvStoreService(BlockStore store) {
    this.store = store;
  }

  @Override
  public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
    return new PutStream(store, responses);
  }

  @Override
  public void lookupPrefix(
      LookupPrefixRequest request, StreamObserver<LookupPrefixResponse> responses) {
    PrefixMatch match =
        store.lookupPrefix(
            Requests.namespace(request.getNamespace()), Requests.keys(request.getKeysList()));
    responses.onNext(
        LookupPrefixResponse.newBuilder()
            .setPresent(match.present())
            .setFirstMiss(match.firstMiss())
            .build());
    responses.onCompleted();
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> responses) {
    Requests.checkLayers(request);
    BlockCursor cursor =
        store.get(
            Requests.namespace(request.getNamespace()),
            Requests.keys(request.getKeysList()),
            request.getFirstLayer(),
            request.getLayerCount());
    ServerCallStreamObserver<GetResponse> call = (ServerCallStreamObserver<GetResponse>) responses;
    GetStream stream = new GetStream(cursor, call);
    call.setOnReadyThreshold(Wire.READY_THRESHOLD_BYTES);
    call.setOnReadyHandler(stream::send);
    call.setOnCancelHandler(stream::close);
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<DeleteResponse> responses) {
    int deleted =
        store.delete(
            Requests.namespace(request.getNamespace()), Requests.keys(request.getKeysList()));
    responses.onNext(DeleteResponse.newBuilder().setDeleted(deleted).build());
    responses.onCompleted();
  }

  @Override
  public void stats(StatsRequest request, StreamObserver<StatsResponse> responses) {
    responses.onNext(StatsMessages.of(store.stats()));
    responses.onCompleted();
  }
}
