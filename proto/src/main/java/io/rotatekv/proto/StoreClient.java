package io.rotatekv.proto;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.DeleteRequest;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetRequest;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.KvStoreGrpc;
import io.rotatekv.v1.KvStoreGrpc.KvStoreBlockingV2Stub;
import io.rotatekv.v1.LookupPrefixRequest;
import io.rotatekv.v1.LookupPrefixResponse;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.StatsRequest;
import io.rotatekv.v1.StatsResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The client of one store, for blocking callers on virtual or platform threads; all methods may be
 * called from many at once.
 *
 * <p>Every failure is a {@link ServiceException} with a reason, and every key that the store cannot
 * serve has a miss reason, so "absent" and "failed to read" never look alike. A circuit breaker
 * keeps a dead store from costing each request a time-out: after some failures in a row calls fail
 * at once with CIRCUIT_OPEN, until a probe in the background succeeds. A bulkhead bounds the calls
 * at a time. Small calls, and gets that have brought nothing yet, are retried where the store could
 * not be reached ({@link Channels}); a put is idempotent by its content keys, and whoever holds the
 * blocks retries it ({@link PutRetry}).
 */
public final class StoreClient implements AutoCloseable {

  private final StoreClientOptions options;
  private final KvStoreBlockingV2Stub control;
  private final KvStoreBlockingV2Stub data;
  private final StoreGate gate;
  private final MessageArrays arrays = new MessageArrays();
  private final String name;
  private final Runnable onClose;

  private StoreClient(Channel control, Channel data, StoreClientOptions options, Runnable onClose) {
    this.options = options;
    this.control = KvStoreGrpc.newBlockingV2Stub(control);
    this.data = KvStoreGrpc.newBlockingV2Stub(data).withInterceptors(new BulkMarshalling(arrays));
    this.gate = new StoreGate(options);
    this.name = "the store at " + options.target();
    this.onClose = onClose;
  }

  private StoreClient(ManagedChannel control, ManagedChannel data, StoreClientOptions options) {
    this.options = options;
    this.control = KvStoreGrpc.newBlockingV2Stub(control);
    this.data = KvStoreGrpc.newBlockingV2Stub(data).withInterceptors(new BulkMarshalling(arrays));
    this.gate = new StoreGate(options);
    this.name = "the store at " + options.target();
    StoreProbe probe =
        new StoreProbe(
            gate,
            options.breakerOpenFor(),
            () -> {
              // A channel that failed to connect waits up to two minutes before it tries again.
              control.resetConnectBackoff();
              data.resetConnectBackoff();
              call(stub -> stub.withWaitForReady().stats(StatsRequest.getDefaultInstance()));
            });
    this.onClose =
        () -> {
          probe.close();
          Channels.close(control);
          Channels.close(data);
        };
  }

  /** A client with channels of its own. Does not wait for the store; the first call finds out. */
  public static StoreClient connect(StoreClientOptions options) {
    ManagedChannel control = Channels.control(options.target());
    ManagedChannel data = Channels.data(options.target());
    return new StoreClient(control, data, options);
  }

  /** A client over channels that stay the caller's, such as in-process ones. */
  public static StoreClient over(Channel control, Channel data, StoreClientOptions options) {
    return new StoreClient(control, data, options, () -> {});
  }

  /** How many keys of 32 bytes, in chain order, the store can serve from the first on. */
  public PrefixLookup lookupPrefix(Namespace namespace, List<ByteString> keys) {
    LookupPrefixRequest request =
        LookupPrefixRequest.newBuilder().setNamespace(namespace).addAllKeys(keys).build();
    LookupPrefixResponse response = call(stub -> stub.lookupPrefix(request));
    return new PrefixLookup(response.getPresent(), response.getFirstMiss());
  }

  /**
   * Begins a put of block sets in chain order, each of {@code layers} blocks. Waits for the store
   * to admit it.
   */
  public PutSession put(Namespace namespace, int layers, List<BlockSetInfo> sets) {
    StoreGate.Permit permit = gate.acquire();
    PutRequest.Begin begin =
        PutRequest.Begin.newBuilder()
            .setProducerId(options.producerId())
            .setGeneration(options.generation())
            .setNamespace(namespace)
            .setLayerCount(layers)
            .addAllSets(sets)
            .build();
    return PutSession.begin(
        within(data, options.putTimeout()).put(),
        permit,
        name,
        options.putSilence(),
        new BatchWriter(arrays),
        begin);
  }

  /**
   * Fetches blocks in layer order: those of all keys for the first layer, then of the second, and
   * so on. Returns when all have been handed to the sink or found missing.
   *
   * @param keys of 32 bytes, in chain order
   * @param timeout for the whole call
   * @throws ServiceException with reason TIMEOUT and others; what the sink has got by then is valid
   */
  public GetResult get(
      Namespace namespace,
      List<ByteString> keys,
      int firstLayer,
      int layers,
      Duration timeout,
      BlockSink sink) {
    return get(namespace, keys, firstLayer, layers, timeout, timeout, sink);
  }

  /**
   * The same, given up as well where the store sends nothing for a while.
   *
   * @param silence how long the store may take to send the next message
   */
  public GetResult get(
      Namespace namespace,
      List<ByteString> keys,
      int firstLayer,
      int layers,
      Duration timeout,
      Duration silence,
      BlockSink sink) {
    GetRequest request =
        GetRequest.newBuilder()
            .setNamespace(namespace)
            .addAllKeys(keys)
            .setFirstLayer(firstLayer)
            .setLayerCount(layers)
            .build();
    GetReceiver receiver = new GetReceiver(arrays, keys.size(), firstLayer, layers, sink);
    StoreGate.Permit permit = gate.acquire();
    BlockingClientCall<?, GetResponse> call = within(data, timeout).get(request);
    try {
      for (@Nullable GetResponse next = read(call, silence);
          next != null;
          next = read(call, silence)) {
        receiver.accept(next);
      }
      GetResult result = receiver.finish();
      permit.succeeded();
      return result;
    } catch (TimeoutException e) {
      throw fail(
          permit,
          new ServiceException(
              ErrorReason.ERROR_REASON_TIMEOUT,
              "%s sent nothing for %d ms during a get".formatted(name, silence.toMillis()),
              e));
    } catch (StatusException | ServiceException e) {
      throw fail(permit, StatusMapping.fromStatus(e, name));
    } catch (InterruptedException e) {
      throw fail(permit, interrupted(e));
    } finally {
      permit.abandoned();
      call.cancel("the get has ended", null);
    }
  }

  /**
   * Deletes any number of block sets, in as many calls as that takes; returns how many there were.
   */
  public int delete(Namespace namespace, List<ByteString> keys) {
    int deleted = 0;
    for (List<ByteString> some : Wire.calls(keys)) {
      DeleteRequest request =
          DeleteRequest.newBuilder().setNamespace(namespace).addAllKeys(some).build();
      deleted += call(stub -> stub.delete(request)).getDeleted();
    }
    return deleted;
  }

  /** The store's figures. */
  public StatsResponse stats() {
    return call(stub -> stub.stats(StatsRequest.getDefaultInstance()));
  }

  /** {@code host:port} of the store. */
  public String target() {
    return options.target();
  }

  /** Whether the breaker is open, so that calls fail without being sent, all or all but a probe. */
  public boolean isCircuitOpen() {
    return !gate.isClosed();
  }

  /** Ends all calls and closes the channels that this client opened. */
  @Override
  public void close() {
    onClose.run();
  }

  @FunctionalInterface
  private interface Unary<T> {
    T send(KvStoreBlockingV2Stub stub) throws StatusException;
  }

  private <T> T call(Unary<T> unary) {
    StoreGate.Permit permit = gate.acquire();
    try {
      T response = unary.send(within(control, options.callTimeout()));
      permit.succeeded();
      return response;
    } catch (StatusException e) {
      throw fail(permit, StatusMapping.fromStatus(e, name));
    } finally {
      permit.abandoned();
    }
  }

  private static @Nullable GetResponse read(
      BlockingClientCall<?, GetResponse> call, Duration silence)
      throws InterruptedException, TimeoutException, StatusException {
    return call.read(silence.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static KvStoreBlockingV2Stub within(KvStoreBlockingV2Stub stub, Duration timeout) {
    return stub.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static ServiceException fail(StoreGate.Permit permit, ServiceException failure) {
    permit.failed(failure);
    return failure;
  }

  private static ServiceException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted during a get", e);
  }
}
