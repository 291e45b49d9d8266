package io.rotatekv.prefill;

import io.grpc.Context;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A chunk on its way to the store. Its blocks must not be freed before the way has ended. */
final class ChunkSending {

  private static final Logger log = LoggerFactory.getLogger(ChunkSending.class);

  private final FutureTask<Long> task;
  private final int end;

  private ChunkSending(FutureTask<Long> task, int end) {
    this.task = task;
    this.end = end;
  }

  /**
   * Sends on a thread of its own.
   *
   * @param call the request's context, whose cancellation ends the put
   * @param end blocks of the chain up to the chunk's last
   */
  static ChunkSending start(ChunkPut put, Context call, int end) {
    ChunkSending sending = new ChunkSending(new FutureTask<>(put), end);
    Thread.ofVirtual().name("chunk-put").start(call.wrap(sending.task));
    return sending;
  }

  /** Blocks of the chain that the store holds once this has ended well. */
  int end() {
    return end;
  }

  /**
   * Waits for the end.
   *
   * @throws ServiceException if the store did not take the chunk
   */
  void await() {
    try {
      task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException failure
          ? failure
          : new IllegalStateException(e.getCause());
    }
  }

  /** Waits for the end, however it comes. */
  void awaitQuietly() {
    try {
      await();
    } catch (RuntimeException e) {
      log.debug("a put whose prompt had failed ended as well", e);
    }
  }
}
