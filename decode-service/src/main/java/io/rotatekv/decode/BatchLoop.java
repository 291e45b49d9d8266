package io.rotatekv.decode;

import io.rotatekv.model.engine.CacheFullException;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Step;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Continuous batching: one thread drives the engine; requests join and leave between steps.
 *
 * <p>A request whose blocks are still travelling joins as soon as layer 0 is there when it would
 * run alone; beside others it waits for all layers, so that a slow store delays nobody else.
 */
final class BatchLoop implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(BatchLoop.class);

  /** Waiting requests per slot of the batch; beyond that a caller is better served elsewhere. */
  private static final int WAITING_PER_SLOT = 16;

  private final Engine engine;
  private final int maxBatch;
  private final int chunkTokens;
  private final IntPredicate endOfGeneration;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Generation> waiting = new ArrayDeque<>();
  private final List<Generation> active = new ArrayList<>();
  private final Thread thread;
  private boolean closed;

  BatchLoop(Engine engine, int maxBatch, int chunkTokens, IntPredicate endOfGeneration) {
    this.engine = engine;
    this.maxBatch = maxBatch;
    this.chunkTokens = chunkTokens;
    this.endOfGeneration = endOfGeneration;
    this.thread = Thread.ofPlatform().name("batch-loop").start(this::loop);
  }

  /**
   * Queues a generation; its sequence now belongs to the loop, which closes it.
   *
   * @throws ServiceException OVERLOADED or DRAINING; the sequence is closed
   */
  void submit(Generation generation) {
    lock.lock();
    try {
      if (closed || waiting.size() >= maxBatch * WAITING_PER_SLOT) {
        generation.sequence().close();
        throw closed
            ? new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the node is stopping")
            : new ServiceException(
                ErrorReason.ERROR_REASON_OVERLOADED,
                "%d requests are waiting; retry later".formatted(waiting.size()));
      }
      waiting.add(generation);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Tells the loop that blocks have arrived or a generation was stopped. */
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void loop() {
    for (List<Generation> batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
      run(batch);
    }
  }

  /** Waits for something to run; empty once closed. */
  private List<Generation> nextBatch() {
    lock.lock();
    try {
      while (!closed) {
        admit();
        active.removeIf(BatchLoop::endIfStopped);
        if (!active.isEmpty()) {
          return List.copyOf(active);
        }
        changed.awaitUninterruptibly();
      }
      failAll(active);
      failAll(waiting);
      return List.of();
    } finally {
      lock.unlock();
    }
  }

  private void admit() {
    int lastLayer = engine.codec().shape().layers() - 1;
    for (Iterator<Generation> it = waiting.iterator(); it.hasNext(); ) {
      Generation generation = it.next();
      boolean alone = active.isEmpty() && waiting.size() == 1;
      if (generation.stopped() != null
          || (active.size() < maxBatch && generation.sequence().loaded(alone ? 0 : lastLayer))) {
        it.remove();
        active.add(generation);
      }
    }
  }

  private static boolean endIfStopped(Generation generation) {
    RuntimeException cause = generation.stopped();
    if (cause == null) {
      return false;
    }
    end(generation, cause);
    return true;
  }

  private void failAll(Iterable<Generation> generations) {
    for (Generation generation : generations) {
      end(
          generation,
          new ServiceException(ErrorReason.ERROR_REASON_DRAINING, "the node is stopping"));
    }
  }

  private void run(List<Generation> batch) {
    List<Step> steps = batch.stream().map(generation -> generation.next(chunkTokens)).toList();
    int[] tokens;
    try {
      tokens = engine.run(steps);
    } catch (CacheFullException e) {
      fail(
          batch,
          new ServiceException(
              ErrorReason.ERROR_REASON_OVERLOADED, String.valueOf(e.getMessage()), e));
      return;
    } catch (RuntimeException e) {
      fail(batch, e);
      return;
    }
    List<Generation> ended = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      boolean endOfText = tokens[i] >= 0 && endOfGeneration.test(tokens[i]);
      if (!batch.get(i).accept(steps.get(i), tokens[i], endOfText, engine.maxContext())) {
        batch.get(i).sequence().close();
        ended.add(batch.get(i));
      }
    }
    remove(ended);
  }

  private void fail(List<Generation> batch, RuntimeException cause) {
    log.warn("a batch of {} failed: {}", batch.size(), cause.toString());
    batch.forEach(generation -> end(generation, cause));
    remove(batch);
  }

  private void remove(List<Generation> ended) {
    lock.lock();
    try {
      active.removeAll(ended);
    } finally {
      lock.unlock();
    }
  }

  private static void end(Generation generation, RuntimeException cause) {
    generation.sequence().close();
    generation.fail(cause);
  }

  /** Ends all generations with DRAINING and stops the thread. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
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
