package io.rotatekv.proto;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A put to one store. Blocks travel in batches. A store that takes or answers nothing for a while
 * ends it, long before the deadline of the whole. Abandoning frees the store's memory.
 */
public final class PutSession implements ChainPut {

  private final BlockingClientCall<PutRequest, PutResponse> call;
  private final StoreGate.Permit permit;
  private final String store;
  private final Duration silence;
  private final BatchWriter batch;
  private final BitSet present = new BitSet();
  private final int sets;
  private long blocks;
  private boolean ended;

  private PutSession(
      BlockingClientCall<PutRequest, PutResponse> call,
      StoreGate.Permit permit,
      String store,
      Duration silence,
      BatchWriter batch,
      int sets) {
    this.call = call;
    this.permit = permit;
    this.store = store;
    this.silence = silence;
    this.batch = batch;
    this.sets = sets;
  }

  static PutSession begin(
      BlockingClientCall<PutRequest, PutResponse> call,
      StoreGate.Permit permit,
      String store,
      Duration silence,
      BatchWriter batch,
      PutRequest.Begin begin) {
    PutSession session = new PutSession(call, permit, store, silence, batch, begin.getSetsCount());
    session.send(PutRequest.newBuilder().setBegin(begin).build());
    PutResponse response = session.receive();
    if (response == null || !response.hasBegun()) {
      throw session.fail(broken("did not answer Begin"));
    }
    response.getBegun().getPresentList().forEach(session.present::set);
    return session;
  }

  @Override
  public boolean isPresent(int keyIndex) {
    return present.get(keyIndex);
  }

  @Override
  public int presentSets() {
    return present.cardinality();
  }

  @Override
  public void add(int keyIndex, int layer, MemorySegment block) {
    if (keyIndex < 0 || keyIndex >= sets) {
      throw ServiceException.invalid("set %d of %d".formatted(keyIndex, sets));
    }
    if (block.byteSize() < 1 || block.byteSize() > Wire.MAX_BLOCK_BYTES) {
      throw ServiceException.invalid(
          "a block must have 1 to %d bytes, got %d"
              .formatted(Wire.MAX_BLOCK_BYTES, block.byteSize()));
    }
    if (present.get(keyIndex)) {
      return;
    }
    if (batch.isFullFor(block.byteSize())) {
      flush();
    }
    batch.add(keyIndex, layer, block);
    blocks++;
  }

  /** Adds the block of one layer, from position to limit, which stay where they are. */
  public void add(int keyIndex, int layer, ByteBuffer block) {
    add(keyIndex, layer, MemorySegment.ofBuffer(block));
  }

  @Override
  public void flush() {
    if (!batch.isEmpty()) {
      send(PutRequest.newBuilder().setBlocks(batch.take()).build());
    }
  }

  @Override
  public PutResult commit() {
    flush();
    send(PutRequest.newBuilder().setCommit(PutRequest.Commit.getDefaultInstance()).build());
    call.halfClose();
    PutResponse response = receive();
    if (response == null || !response.hasCommitted()) {
      throw fail(broken("did not answer Commit"));
    }
    ended = true;
    permit.succeeded();
    PutResponse.Committed committed = response.getCommitted();
    return new PutResult(
        committed.getStoredSets(),
        committed.getStoredBytes(),
        committed.getDuplicateSets(),
        blocks);
  }

  @Override
  public void close() {
    if (!ended) {
      ended = true;
      call.cancel("the put was abandoned", null);
      permit.abandoned();
    }
  }

  private void send(PutRequest request) {
    try {
      if (!call.write(request, silence.toNanos(), TimeUnit.NANOSECONDS)) {
        receive();
        throw fail(broken("ended early"));
      }
    } catch (TimeoutException e) {
      throw silent(e);
    } catch (StatusException e) {
      throw fail(StatusMapping.fromStatus(e, store));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private @Nullable PutResponse receive() {
    try {
      return call.read(silence.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw silent(e);
    } catch (StatusException e) {
      throw fail(StatusMapping.fromStatus(e, store));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private ServiceException silent(TimeoutException e) {
    return fail(
        new ServiceException(
            ErrorReason.ERROR_REASON_TIMEOUT,
            "%s was silent for %d ms during a put".formatted(store, silence.toMillis()),
            e));
  }

  private ServiceException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return fail(
        new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted during a put", e));
  }

  private ServiceException fail(ServiceException failure) {
    if (!ended) {
      ended = true;
      permit.failed(failure);
      call.cancel("the put failed", null);
    }
    return failure;
  }

  private static ServiceException broken(String what) {
    return new ServiceException(
        ErrorReason.ERROR_REASON_INTERNAL, "the store's put stream " + what);
  }
}
