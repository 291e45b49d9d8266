package io.rotatekv.proto;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.PutRequest;
import io.rotatekv.v1.PutResponse;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * One put of block sets that has begun. Blocks are copied as they are added and sent in batches; a
 * caller waits while the store cannot take more. Closing without a commit abandons the put, and the
 * store frees its memory. For one thread at a time, virtual or platform; every method throws {@link
 * ServiceException} with the reason that the store, the network or the breaker gives, and no method
 * but {@link #close} may be called after that.
 */
public final class PutSession implements AutoCloseable {

  private final BlockingClientCall<PutRequest, PutResponse> call;
  private final StoreBreaker.Permit permit;
  private final String store;
  private final BatchWriter batch = new BatchWriter();
  private final BitSet present = new BitSet();
  private final int sets;
  private long blocks;
  private boolean ended;

  private PutSession(
      BlockingClientCall<PutRequest, PutResponse> call,
      StoreBreaker.Permit permit,
      String store,
      int sets) {
    this.call = call;
    this.permit = permit;
    this.store = store;
    this.sets = sets;
  }

  static PutSession begin(
      BlockingClientCall<PutRequest, PutResponse> call,
      StoreBreaker.Permit permit,
      String store,
      PutRequest.Begin begin) {
    PutSession session = new PutSession(call, permit, store, begin.getSetsCount());
    session.send(PutRequest.newBuilder().setBegin(begin).build());
    PutResponse response = session.receive();
    if (response == null || !response.hasBegun()) {
      throw session.fail(broken("did not answer Begin"));
    }
    response.getBegun().getPresentList().forEach(session.present::set);
    return session;
  }

  /** Whether a set is committed already, so that its blocks need not be made. */
  public boolean isPresent(int keyIndex) {
    return present.get(keyIndex);
  }

  /** How many sets are committed already. */
  public int presentSets() {
    return present.cardinality();
  }

  /**
   * Adds the block of one layer; each set's layers come in ascending order. The bytes are copied.
   * Does nothing for a set that is present.
   */
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

  /** Sends what is gathered, so that it travels while the next blocks are computed. */
  public void flush() {
    if (!batch.isEmpty()) {
      send(PutRequest.newBuilder().setBlocks(batch.take()).build());
    }
  }

  /** Makes the sets readable, all of their layers added; waits until the store says so. */
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

  /** Abandons the put unless it has been committed. */
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
      if (!call.write(request)) {
        receive();
        throw fail(broken("ended early"));
      }
    } catch (StatusException e) {
      throw fail(StatusMapping.fromStatus(e, store));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private @Nullable PutResponse receive() {
    try {
      return call.read();
    } catch (StatusException e) {
      throw fail(StatusMapping.fromStatus(e, store));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
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
