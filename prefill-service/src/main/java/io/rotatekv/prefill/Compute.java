package io.rotatekv.prefill;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * The one thread that drives the engine. Requests hand it one chunk at a time, first come first
 * served, so that a long prompt does not keep short ones waiting until its end.
 */
final class Compute implements AutoCloseable {

  private final Engine engine;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("prefill-compute").factory());

  Compute(Engine engine) {
    this.engine = engine;
  }

  Engine engine() {
    return engine;
  }

  Sequence open(BlockListener listener) {
    return engine.open(listener);
  }

  /** Appends a chunk to a sequence; returns when its blocks have been told to the listener. */
  void run(Sequence sequence, int[] chunk) {
    try {
      thread.submit(() -> engine.run(List.of(new Step(sequence, chunk, Output.NONE)))).get();
    } catch (RejectedExecutionException e) {
      throw new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the node is stopping", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException failure
          ? failure
          : new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    thread.close();
  }
}
