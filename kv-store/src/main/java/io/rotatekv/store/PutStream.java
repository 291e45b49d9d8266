package io.rotatekv.store;

import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.BlockBatches;
import io.rotatekv.proto.MessageArrays;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import org.jspecify.annotations.Nullable;

/**
 * One put stream. The next message is asked for only when one has been stored, so a producer that
 * is faster than the store is held by flow control. Calls are serial, as gRPC makes them.
 */
final class PutStream implements StreamObserver<PutRequest> {

  private final BlockStore store;
  private final StreamObserver<PutResponse> responses;
  private final MessageArrays arrays;
  private @Nullable OpenPut put;

  PutStream(BlockStore store, StreamObserver<PutResponse> responses, MessageArrays arrays) {
    this.store = store;
    this.responses = responses;
    this.arrays = arrays;
  }

  @Override
  public void onNext(PutRequest request) {
    try {
      switch (request.getStepCase()) {
        case BEGIN -> begin(request.getBegin());
        case BLOCKS -> {
          OpenPut open = begun();
          BlockBatches.forEach(
              request.getBlocks(),
              (info, bytes) ->
                  open.add(info.getKeyIndex(), info.getLayer(), bytes, info.getCrc32C()));
          arrays.give(request.getBlocks());
        }
        case COMMIT -> commit(begun().commit());
        case STEP_NOT_SET -> throw ServiceException.invalid("a put message without a step");
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public void onError(Throwable failure) {
    close();
  }

  /** The producer has nothing more to say; without a commit the put is abandoned. */
  @Override
  public void onCompleted() {
    close();
    responses.onCompleted();
  }

  private void begin(PutRequest.Begin begin) {
    if (put != null) {
      throw ServiceException.invalid("Begin came twice");
    }
    put = store.beginPut(Requests.put(begin));
    PutResponse.Begun.Builder begun = PutResponse.Begun.newBuilder();
    put.present().stream().forEach(begun::addPresent);
    responses.onNext(PutResponse.newBuilder().setBegun(begun).build());
  }

  private void commit(PutOutcome outcome) {
    responses.onNext(
        PutResponse.newBuilder()
            .setCommitted(
                PutResponse.Committed.newBuilder()
                    .setStoredSets(outcome.storedSets())
                    .setStoredBytes(outcome.storedBytes())
                    .setDuplicateSets(outcome.duplicateSets()))
            .build());
  }

  private OpenPut begun() {
    if (put == null) {
      throw ServiceException.invalid("Begin must come first");
    }
    return put;
  }

  private void close() {
    if (put != null) {
      put.close();
    }
  }
}
