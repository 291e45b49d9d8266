package io.rotatekv.prefill;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.rotatekv.model.runtime.CacheIdentity;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.NamespaceCheck;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.PrefillGrpc;
import io.rotatekv.v1.PrefillRequest;
import io.rotatekv.v1.PrefillResponse;
import java.util.concurrent.Semaphore;

/** Checks requests and runs them, each on the virtual thread of its call. */
final class PrefillService extends PrefillGrpc.PrefillImplBase {

  private final CacheIdentity identity;
  private final Compute compute;
  private final StoreGroup store;
  private final PrefillConfig config;
  private final Semaphore slots;

  PrefillService(CacheIdentity identity, Compute compute, StoreGroup store, PrefillConfig config) {
    this.identity = identity;
    this.compute = compute;
    this.store = store;
    this.config = config;
    this.slots = new Semaphore(config.maxRequests());
  }

  @Override
  public void prefill(PrefillRequest request, StreamObserver<PrefillResponse> observer) {
    int[] tokens = check(request);
    if (!slots.tryAcquire()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_OVERLOADED,
          "%d prompts are worked on already; retry later".formatted(config.maxRequests()));
    }
    try {
      KeyChain chain = chain(request.getNamespace(), tokens);
      PrefillJob job =
          new PrefillJob(compute, store, chain, tokens, config.chunkTokens(), Context.current());
      job.run(request.getCachedBlocks(), observer::onNext);
      observer.onCompleted();
    } finally {
      slots.release();
    }
  }

  private int[] check(PrefillRequest request) {
    Namespace own =
        KeyChain.namespace(
            identity.modelFingerprint(),
            identity.codecFingerprint(),
            request.getNamespace().getTenant());
    NamespaceCheck.require(own, request.getNamespace());
    int count = request.getTokensCount();
    if (count == 0 || count % BLOCK_TOKENS != 0) {
      throw ServiceException.invalid(
          "tokens must be a positive multiple of %d, got %d".formatted(BLOCK_TOKENS, count));
    }
    if (count > compute.engine().maxContext()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CONTEXT_TOO_LONG,
          "the prompt has %d tokens, this node's context holds %d"
              .formatted(count, compute.engine().maxContext()));
    }
    if (request.getCachedBlocks() > count / BLOCK_TOKENS) {
      throw ServiceException.invalid(
          "%d cached blocks of a prompt of %d"
              .formatted(request.getCachedBlocks(), count / BLOCK_TOKENS));
    }
    return request.getTokensList().stream().mapToInt(Integer::intValue).toArray();
  }

  private KeyChain chain(Namespace namespace, int[] tokens) {
    return new KeyChain(
        namespace,
        identity.root(namespace.getTenant()).toBytes(),
        identity.keys(namespace.getTenant(), tokens));
  }
}
