package io.rotatekv.eval.run;

import io.rotatekv.kernels.Team;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Runs jobs: items in parallel, each remembered in a state file as soon as it is finished, so that
 * a run that was broken off goes on where it was.
 *
 * <p>As many workers as there are threads or items run at once, and share the threads: engines on
 * one thread each lose nothing to hand-overs, and none waits for another's serial parts.
 */
public final class EvalRun {

  private final Path state;
  private final String program;
  private final boolean fresh;
  private final int threads;
  private final RunProgress.Opener progress;

  /**
   * Runs with their memory in a folder.
   *
   * @param state where finished items are remembered
   * @param program the program's version: what another one finished is not taken up
   * @param fresh measures everything anew, whatever is remembered
   * @param threads compute threads of all workers together
   */
  public EvalRun(
      Path state, String program, boolean fresh, int threads, RunProgress.Opener progress) {
    this.state = state;
    this.program = program;
    this.fresh = fresh;
    this.threads = threads;
    this.progress = progress;
  }

  /**
   * Runs a job.
   *
   * @return the items' results in order
   * @throws RuntimeException the first failure of a worker; what others finished is remembered
   */
  public <T> List<T> run(Job<T> job) {
    try (Journal<T> journal = open(job);
        RunProgress display =
            progress.open(job.title(), (long) job.items() * job.unitsPerItem(), job.unit())) {
      Map<Integer, T> finished = fresh ? new TreeMap<>() : journal.finished();
      finished.keySet().removeIf(item -> item >= job.items());
      display.add((long) finished.size() * job.unitsPerItem());
      Pending<T> pending = new Pending<>(job.items(), finished, journal, display);
      if (!pending.queue.isEmpty()) {
        runWorkers(job, pending);
      }
      return List.copyOf(pending.finished.values());
    }
  }

  private <T> Journal<T> open(Job<T> job) {
    return Journal.open(state, job.key().with("program", program), job.result());
  }

  private <T> void runWorkers(Job<T> job, Pending<T> pending) {
    int count = Math.min(Math.min(job.maxWorkers(), threads), pending.queue.size());
    try (ExecutorService executor = Executors.newFixedThreadPool(count)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int share = threads / count + (i < threads % count ? 1 : 0);
        running.add(executor.submit(() -> work(job, share, pending)));
      }
      await(running, pending);
    }
  }

  private static <T> void work(Job<T> job, int threads, Pending<T> pending) {
    try (Team team = Team.of(threads);
        Worker<T> worker = job.workers().apply(team)) {
      worker.work(pending);
    } catch (RuntimeException | Error e) {
      pending.stop(); // The others finish what they are at.
      throw e;
    }
  }

  private static void await(List<Future<?>> running, Pending<?> pending) {
    RuntimeException failure = null;
    for (Future<?> worker : running) {
      try {
        worker.get();
      } catch (ExecutionException e) {
        RuntimeException cause =
            e.getCause() instanceof RuntimeException known
                ? known
                : new IllegalStateException(e.getCause());
        if (failure == null) {
          failure = cause;
        } else if (!failure.equals(cause)) {
          failure.addSuppressed(cause);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        pending.stop();
        throw new IllegalStateException("interrupted while measuring", e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** What is left of a job; its monitor guards all. */
  private static final class Pending<T> implements Items<T> {

    private final Queue<Integer> queue;
    private final Map<Integer, T> finished;
    private final Journal<T> journal;
    private final RunProgress display;

    Pending(int items, Map<Integer, T> finished, Journal<T> journal, RunProgress display) {
      this.queue =
          new ArrayDeque<>(
              IntStream.range(0, items).filter(i -> !finished.containsKey(i)).boxed().toList());
      this.finished = finished;
      this.journal = journal;
      this.display = display;
    }

    @Override
    public synchronized OptionalInt take() {
      Integer item = queue.poll();
      return item == null ? OptionalInt.empty() : OptionalInt.of(item);
    }

    @Override
    public synchronized void advance(int units) {
      display.add(units);
    }

    @Override
    public synchronized void finish(int item, T result) {
      journal.add(item, result);
      finished.put(item, result);
    }

    synchronized void stop() {
      queue.clear();
    }
  }
}
