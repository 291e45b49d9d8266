package io.rotatekv.decode;

import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.Channels;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StatusMapping;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.PrefillGrpc;
import io.rotatekv.v1.PrefillRequest;
import io.rotatekv.v1.PrefillResponse;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/** Where a prompt's blocks come from: the store, and a prefill node that fills it. */
final class PrefixSource implements AutoCloseable {

  private final StoreGroup store;
  private final ManagedChannel prefill;
  private final String prefillName;
  private final int layers;
  private final Duration fetchTimeout;
  private final Duration prefillTimeout;

  PrefixSource(
      StoreGroup store,
      String prefill,
      int layers,
      Duration fetchTimeout,
      Duration prefillTimeout) {
    this.store = store;
    this.prefill = Channels.control(prefill);
    this.prefillName = "the prefill node at " + prefill;
    this.layers = layers;
    this.fetchTimeout = fetchTimeout;
    this.prefillTimeout = prefillTimeout;
  }

  /** Leading blocks that the store holds. */
  int lookup(KeyChain chain) {
    return store.lookupPrefix(chain).present();
  }

  /**
   * Has a prefill node compute a prompt's blocks from {@code cached} on.
   *
   * @param tokens the tokens of all blocks of the chain
   * @param committed told how many leading blocks the store holds, after every commit
   * @throws ServiceException with the reason if the node fails
   */
  void prefill(KeyChain chain, int[] tokens, int cached, String requestId, IntConsumer committed) {
    PrefillRequest request =
        PrefillRequest.newBuilder()
            .addAllTokens(Arrays.stream(tokens).boxed().toList())
            .setCachedBlocks(cached)
            .setNamespace(chain.namespace())
            .setRequestId(requestId)
            .build();
    BlockingClientCall<?, PrefillResponse> call =
        PrefillGrpc.newBlockingV2Stub(prefill)
            .withDeadlineAfter(prefillTimeout.toNanos(), TimeUnit.NANOSECONDS)
            .prefill(request);
    try {
      int done = cached;
      for (PrefillResponse next = call.read(); next != null; next = call.read()) {
        done = next.getCommittedBlocks();
        committed.accept(done);
      }
      if (done < chain.blocks()) {
        throw new ServiceException(
            ErrorReason.ERROR_REASON_INTERNAL,
            "the prefill node ended after %d of %d blocks".formatted(done, chain.blocks()));
      }
    } catch (StatusException e) {
      throw StatusMapping.fromStatus(e, prefillName);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    } finally {
      call.cancel("the caller is done", null);
    }
  }

  /**
   * Loads blocks {@code from} to {@code to - 1} into a sequence, layer by layer.
   *
   * @param layerDone told after each layer
   * @return blocks that travelled, one layer each
   * @throws ServiceException if not all blocks could be had
   */
  long fetch(KeyChain chain, int from, int to, Sequence sequence, Runnable layerDone) {
    BlockSink sink =
        new BlockSink() {
          @Override
          public void block(int keyIndex, int layer, MemorySegment bytes) {
            sequence.load(from + keyIndex, layer, bytes);
          }

          @Override
          public void layerDone(int layer) {
            layerDone.run();
          }
        };
    GetResult result = get(chain, from, to, sink);
    if (result.completePrefix() < to - from) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_UNAVAILABLE,
          "the store could not give %d of %d blocks (%s)"
              .formatted(result.misses().size(), to - from, reasons(result)));
    }
    return result.blocks();
  }

  /**
   * What a store refuses for its own reasons, to drain say, does not end the request as the same
   * words of this node would: the blocks can be computed here.
   */
  private GetResult get(KeyChain chain, int from, int to, BlockSink sink) {
    try {
      return store.get(chain, from, to, layers, fetchTimeout, sink);
    } catch (ServiceException e) {
      throw switch (e.reason()) {
        case ERROR_REASON_OVERLOADED, ERROR_REASON_DRAINING ->
            new ServiceException(
                ErrorReason.ERROR_REASON_UNAVAILABLE, String.valueOf(e.getMessage()), e);
        default -> e;
      };
    }
  }

  /** {@code evicted, corrupt}. */
  private static String reasons(GetResult result) {
    return result.misses().values().stream()
        .map(reason -> reason.name().substring("MISS_REASON_".length()).toLowerCase(Locale.ROOT))
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  @Override
  public void close() {
    Channels.close(prefill);
  }
}
