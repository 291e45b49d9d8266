package io.rotatekv.kernels;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A team for regions of microseconds, of which a decode step has hundreds. Tasks are claimed from a
 * counter, so a thread that the system took away delays only what it has claimed. Between regions
 * the workers spin for {@link #SPIN_NANOS}, then park: a step pays one wake-up, an idle process
 * nothing. Each region is an object of its own, so a worker that comes late finds its counter
 * exhausted and cannot touch the next one.
 */
final class SpinTeam implements Team {

  /** Longer than the gaps between the regions of a decode step, shorter than a scheduler tick. */
  private static final long SPIN_NANOS = 50_000;

  private final Worker[] workers;
  private final AtomicReference<@Nullable Thread> caller = new AtomicReference<>();
  private volatile @Nullable Region region;
  private volatile boolean closed;

  SpinTeam(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("a team needs at least 1 thread, got " + threads);
    }
    workers = new Worker[threads - 1];
    Arrays.setAll(workers, Worker::new);
    for (Worker worker : workers) {
      worker.start();
    }
  }

  @Override
  public int size() {
    return workers.length + 1;
  }

  @Override
  public void run(int tasks, IntConsumer body) {
    enter();
    try {
      Region current = new Region(tasks, body, Thread.currentThread());
      if (tasks > 1 && workers.length > 0) {
        region = current;
        for (Worker worker : workers) {
          worker.wake();
        }
      }
      current.work();
      current.await();
      region = null;
      current.rethrow();
    } finally {
      caller.set(null);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    enter();
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
    for (Worker worker : workers) {
      worker.end();
    }
    caller.set(null);
  }

  private void enter() {
    if (closed) {
      throw new IllegalStateException("the team is closed");
    }
    if (!caller.compareAndSet(null, Thread.currentThread())) {
      throw new IllegalStateException(
          "the team is running already: do not use it from within a body,"
              + " and give each thread that starts regions a team of its own");
    }
  }

  private final class Worker extends Thread {

    private volatile boolean parked;

    Worker(int index) {
      super("rotatekv-team-" + (index + 1));
      setDaemon(true);
    }

    @Override
    public void run() {
      Region last = null;
      while (!closed) {
        Region next = awaitAfter(last);
        if (next != null) {
          next.work();
          last = next;
        }
      }
    }

    /** The next region, or null where the team was closed or the wait was cut short. */
    private @Nullable Region awaitAfter(@Nullable Region last) {
      long start = System.nanoTime();
      do {
        Region next = region;
        if (next != null && next != last) {
          return next;
        }
        Thread.onSpinWait();
      } while (System.nanoTime() - start < SPIN_NANOS);
      // Either this thread sees the new region below, or the caller sees the flag and unparks it.
      parked = true;
      Region next = region;
      if ((next == null || next == last) && !closed) {
        LockSupport.park(SpinTeam.this);
      }
      parked = false;
      return null;
    }

    void end() {
      try {
        join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // It is a daemon and ends by itself.
      }
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }
  }
}
