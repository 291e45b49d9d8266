package io.rotatekv.cli.storebench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Throughput of the store and what stands beside it. Contenders take turns of some hundred
 * milliseconds, so that a change in the machine meets them all, and the median of the turns counts.
 */
final class Throughput {

  private static final double MS_PER_NS = 1e-6;
  private static final double MEDIAN = 50;
  private static final double TAIL = 99;

  private final Contender store;
  private final Contender raw;
  private final @Nullable Contender redis;
  private final ProcessHandle server;

  /**
   * A measurement.
   *
   * @param redis null where the machine has none
   * @param server the store's process, whose CPU time counts
   */
  Throughput(Contender store, Contender raw, @Nullable Contender redis, ProcessHandle server) {
    this.store = store;
    this.raw = raw;
    this.redis = redis;
    this.server = server;
  }

  /** Runs a cell on every contender without looking at the clock's result. */
  void warmUp(Cell cell, Duration time) throws IOException, InterruptedException {
    for (Contender contender : contenders()) {
      contender.prepare(cell);
      try (Clients clients = Clients.connect(contender, cell)) {
        clients.run(time);
      }
    }
  }

  StoreRow measure(Cell cell, Plan plan) throws IOException, InterruptedException {
    List<Clients> clients = new ArrayList<>();
    try {
      for (Contender contender : contenders()) {
        contender.prepare(cell);
        Clients connected = Clients.connect(contender, cell);
        clients.add(connected);
        connected.run(plan.roundTime()); // to warm up
        connected.reset();
      }
      return run(cell, plan, clients);
    } finally {
      clients.forEach(Clients::close);
    }
  }

  private StoreRow run(Cell cell, Plan plan, List<Clients> clients) throws InterruptedException {
    double[][] rates = new double[clients.size()][plan.rounds()];
    Duration cpu = Duration.ZERO;
    for (int round = 0; round < plan.rounds(); round++) {
      for (int i = 0; i < clients.size(); i++) {
        Duration before = cpuTime();
        rates[i][round] = clients.get(i).run(plan.roundTime());
        cpu = i == 0 ? cpu.plus(cpuTime()).minus(before) : cpu;
      }
    }
    Clients ours = clients.getFirst();
    Histogram times = ours.times();
    return new StoreRow(
        "store",
        cell.op().label(),
        cell.valueBytes(),
        cell.clients(),
        median(rates[0]),
        median(rates[1]),
        clients.size() > 2 ? median(rates[2]) : null,
        times.getValueAtPercentile(MEDIAN) * MS_PER_NS,
        times.getValueAtPercentile(TAIL) * MS_PER_NS,
        cpu.toMillis() * 1e-3 / (ours.bytes() * 1e-9));
  }

  private List<Contender> contenders() {
    return redis == null ? List.of(store, raw) : List.of(store, raw, redis);
  }

  private Duration cpuTime() {
    return server.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
