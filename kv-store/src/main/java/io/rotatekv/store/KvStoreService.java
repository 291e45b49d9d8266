package io.rotatekv.store;

import io.grpc.BindableService;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.GetMessage;
import io.rotatekv.proto.MessageArrays;
import io.rotatekv.proto.StoreBinding;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.DeleteRequest;
import io.rotatekv.v1.DeleteResponse;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.ListRequest;
import io.rotatekv.v1.ListResponse;
import io.rotatekv.v1.LookupPrefixRequest;
import io.rotatekv.v1.LookupPrefixResponse;
import io.rotatekv.v1.PinRequest;
import io.rotatekv.v1.PinResponse;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;
import io.rotatekv.v1.UnpinRequest;
import io.rotatekv.v1.UnpinResponse;
import io.rotatekv.v1.VerifyRequest;
import io.rotatekv.v1.VerifyResponse;
import java.time.Duration;

/** Serves a {@link BlockStore}. What handlers throw is mapped by the server's interceptor. */
final class KvStoreService extends KvStoreGrpc.KvStoreImplBase {

  private final BlockStore store;
  private final StoreLimits limits;
  private final InFlight inFlight;
  private final ChunkPool chunks = new ChunkPool();
  private final MessageArrays arrays = new MessageArrays();

  private KvStoreService(BlockStore store, StoreLimits limits) {
    this.store = store;
    this.limits = limits;
    this.inFlight = new InFlight(limits.maxInFlightBytes());
  }

  /** The service, ready to be added to a server. */
  static BindableService of(BlockStore store, StoreLimits limits) {
    KvStoreService service = new KvStoreService(store, limits);
    return StoreBinding.of(service, service::get, service.arrays);
  }

  @Override
  public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
    return new PutStream(store, responses, arrays);
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

  private void get(GetRequest request, ServerCallStreamObserver<GetMessage> call) {
    Requests.checkLayers(request);
    BlockCursor cursor =
        store.get(
            Requests.namespace(request.getNamespace()),
            Requests.keys(request.getKeysList()),
            request.getFirstLayer(),
            request.getLayerCount());
    GetStream stream = new GetStream(cursor, call, chunks, inFlight);
    call.setOnReadyThreshold(Wire.READY_THRESHOLD_BYTES);
    call.setOnReadyHandler(stream::send);
    call.setOnCloseHandler(stream::release);
    call.setOnCancelHandler(stream::release);
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
  public void pin(PinRequest request, StreamObserver<PinResponse> responses) {
    Requests.checkHolder(request.getHolder());
    Duration time = Requests.pinTime(request, limits);
    PrefixMatch match =
        store.pin(
            Requests.namespace(request.getNamespace()),
            Requests.keys(request.getKeysList()),
            request.getHolder(),
            time);
    responses.onNext(
        PinResponse.newBuilder()
            .setPinned(match.present())
            .setFirstMiss(match.firstMiss())
            .setGrantedMs((int) time.toMillis())
            .build());
    responses.onCompleted();
  }

  @Override
  public void unpin(UnpinRequest request, StreamObserver<UnpinResponse> responses) {
    Requests.checkHolder(request.getHolder());
    int unpinned =
        store.unpin(
            Requests.namespace(request.getNamespace()),
            Requests.keys(request.getKeysList()),
            request.getHolder());
    responses.onNext(UnpinResponse.newBuilder().setUnpinned(unpinned).build());
    responses.onCompleted();
  }

  @Override
  public void list(ListRequest request, StreamObserver<ListResponse> responses) {
    Pull.stream(
        responses, new ListPages(store.list(request.hasTenant() ? request.getTenant() : null)));
  }

  @Override
  public void verify(VerifyRequest request, StreamObserver<VerifyResponse> responses) {
    Pull.stream(
        responses, new Verification(store, request.hasTenant() ? request.getTenant() : null));
  }

  @Override
  public void stats(StatsRequest request, StreamObserver<StatsResponse> responses) {
    responses.onNext(StatsMessages.of(store.stats(), inFlight));
    responses.onCompleted();
  }
}
