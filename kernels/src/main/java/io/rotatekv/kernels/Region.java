package io.rotatekv.kernels;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One parallel loop of a {@link SpinTeam}. */
final class Region {

  /** How long the caller spins for the last tasks of others before it parks. */
  private static final long SPIN_NANOS = 50_000;

  private final int tasks;
  private final IntConsumer body;
  private final Thread caller;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean callerParks;

  Region(int tasks, IntConsumer body, Thread caller) {
    this.tasks = tasks;
    this.body = body;
    this.caller = caller;
  }

  /** Claims and runs tasks until none is left to claim. */
  void work() {
    // The plain read keeps latecomers from pushing the counter towards overflow.
    while (next.get() < tasks) {
      int task = next.getAndIncrement();
      if (task >= tasks) {
        return;
      }
      runOne(task);
      if (done.incrementAndGet() == tasks && callerParks) {
        LockSupport.unpark(caller);
      }
    }
  }

  /** Waits until every task is done; the caller's part, after its own {@link #work}. */
  void await() {
    long start = System.nanoTime();
    while (done.get() < tasks) {
      if (System.nanoTime() - start < SPIN_NANOS) {
        Thread.onSpinWait();
        continue;
      }
      callerParks = true;
      if (done.get() < tasks) {
        LockSupport.park(this);
      }
    }
  }

  /** Throws the first failure. */
  void rethrow() {
    Throwable thrown = failure.get();
    switch (thrown) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException("a task failed", thrown);
    }
  }

  private void runOne(int task) {
    try {
      body.accept(task);
    } catch (Throwable t) { // Handed to the caller, whatever it is.
      failure.compareAndSet(null, t);
    }
  }
}
