package io.rotatekv.prefill;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.CacheFullException;
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
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that drives the engine. Requests hand it one chunk at a time, first come first
 * served, so that a long prompt does not keep short ones waiting until its end.
 */
final class Compute implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Compute.class);

  /** Some blocks, which are encoded and attended over. */
  private static final int WARM_UP_TOKENS = 4 * BLOCK_TOKENS;

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

  /**
   * Runs a prompt that nobody asked for, in the background and before all others: vector code runs
   * a hundred times slower until it is compiled.
   */
  void warmUp() {
    if (engine.maxContext() >= WARM_UP_TOKENS) {
      thread.execute(this::runWarmUp);
    }
  }

  private void runWarmUp() {
    long start = System.nanoTime();
    int[] block = IntStream.range(0, BLOCK_TOKENS).toArray(); // Every vocabulary has these.
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      while (sequence.length() < WARM_UP_TOKENS && !thread.isShutdown()) {
        engine.run(List.of(new Step(sequence, block, Output.NONE)));
      }
    }
    log.info("warmed up in {} ms", (System.nanoTime() - start) / 1_000_000);
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
      throw switch (e.getCause()) {
        case CacheFullException full ->
            new ServiceException(
                ErrorReason.ERROR_REASON_OVERLOADED, String.valueOf(full.getMessage()), full);
        case RuntimeException failure -> failure;
        case null, default -> new IllegalStateException(e.getCause());
      };
    }
  }

  @Override
  public void close() {
    thread.close();
  }
}
