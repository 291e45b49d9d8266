package io.rotatekv.eval.accuracy;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;

/**
 * The logits of one window, computed by a thread of their own a few positions ahead of who reads
 * them: two engines run side by side, and neither's logits (400 MB for 2,048 positions of 49,152)
 * need be kept.
 */
final class LogitStream implements AutoCloseable {

  private static final int AHEAD = 16;

  /** One position's logits, or why there are none. */
  private sealed interface Item {
    record Row(float[] logits) implements Item {}

    record Failure(RuntimeException cause) implements Item {}
  }

  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(AHEAD);
  private final Thread thread;

  private LogitStream(Engine engine, int[] window, int vocabulary) {
    this.thread =
        Thread.ofPlatform()
            .name("reference")
            .daemon()
            .unstarted(() -> produce(engine, window, vocabulary));
  }

  /** Starts to compute; nobody else may use {@code engine} until this is closed. */
  static LogitStream start(Engine engine, int[] window, int vocabulary) {
    LogitStream stream = new LogitStream(engine, window, vocabulary);
    stream.thread.start();
    return stream;
  }

  private void produce(Engine engine, int[] window, int vocabulary) {
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      Output.LogitsConsumer consumer =
          (index, logits, offset) -> {
            float[] row = new float[vocabulary];
            System.arraycopy(logits, offset, row, 0, vocabulary);
            put(new Item.Row(row));
          };
      engine.run(List.of(new Step(sequence, window, new Output.Logits(consumer))));
    } catch (CancellationException _) {
      // Closed early: nobody reads any more.
    } catch (RuntimeException e) {
      put(new Item.Failure(e));
    }
  }

  private void put(Item item) {
    try {
      queue.put(item);
    } catch (InterruptedException e) {
      throw new CancellationException("closed");
    }
  }

  /** The logits after the next token; the caller's own array. */
  float[] next() {
    try {
      return switch (queue.take()) {
        case Item.Row(float[] logits) -> logits;
        case Item.Failure(RuntimeException cause) -> throw cause;
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while measuring", e);
    }
  }

  /** Ends the computation, if it has not ended. */
  @Override
  public void close() {
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
