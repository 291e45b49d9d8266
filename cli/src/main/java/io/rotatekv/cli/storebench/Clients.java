package io.rotatekv.cli.storebench;

import io.rotatekv.cli.console.CommandException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * The clients of one contender in a cell. They stay connected over rounds, and in each round call
 * as fast as they can, all at the same time.
 */
final class Clients implements AutoCloseable {

  private static final int DIGITS = 3;

  private final Cell cell;
  private final List<Client> clients = new ArrayList<>();
  private final ExecutorService threads;

  private Clients(Cell cell) {
    this.cell = cell;
    this.threads =
        Executors.newFixedThreadPool(
            cell.clients(), Thread.ofPlatform().name("client-", 0).daemon().factory());
  }

  /** Connects a cell's clients to a contender, which has been prepared. */
  static Clients connect(Contender contender, Cell cell) throws IOException {
    Clients all = new Clients(cell);
    for (int client = 0; client < cell.clients(); client++) {
      all.clients.add(new Client(contender.connect(cell, client)));
    }
    return all;
  }

  /** Calls for as long as said, and returns 10^9 bytes a second. */
  double run(Duration time) throws InterruptedException {
    List<Callable<Double>> tasks = new ArrayList<>();
    for (Client client : clients) {
      tasks.add(() -> client.run(time) * cell.bytesPerCall() * 1e-9);
    }
    double sum = 0;
    for (Future<Double> rate : threads.invokeAll(tasks)) {
      try {
        sum += rate.get();
      } catch (ExecutionException e) {
        throw new CommandException("a call of %s failed: %s".formatted(cell, e.getCause()), "", e);
      }
    }
    return sum;
  }

  /** Forgets the times and the count of the calls so far. */
  void reset() {
    clients.forEach(client -> client.times.reset());
  }

  /** Bytes since the last reset. */
  long bytes() {
    return clients.stream().mapToLong(client -> client.times.getTotalCount()).sum()
        * cell.bytesPerCall();
  }

  /** Times of the calls since the last reset, in nanoseconds. */
  Histogram times() {
    Histogram all = new Histogram(DIGITS);
    clients.forEach(client -> all.add(client.times));
    return all;
  }

  @Override
  public void close() {
    threads.close();
    clients.forEach(client -> client.caller.close());
  }

  private static final class Client {

    private final Contender.Caller caller;
    private final Histogram times = new Histogram(DIGITS);
    private long calls;

    Client(Contender.Caller caller) {
      this.caller = caller;
    }

    /** Calls a second. */
    double run(Duration time) throws IOException, InterruptedException {
      long start = System.nanoTime();
      long before = start;
      long made = 0;
      while (before - start < time.toNanos()) {
        caller.call(calls++);
        long now = System.nanoTime();
        times.recordValue(now - before);
        before = now;
        made++;
      }
      return made / ((before - start) * 1e-9);
    }
  }
}
