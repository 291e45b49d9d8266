package io.rotatekv.cli.storebench;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.v1.StatsResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A store under puts that never end, so that it is full and evicts, with its resident set watched.
 */
public final class StoreSoak {

  private static final long HEAP_BYTES = 256L << 20;
  private static final Cell LOAD = new Cell(Op.PUT_STREAM, 1 << 20, 2);
  private static final long KIB = 1 << 10;

  private final JavaCommand java;
  private final Settings settings;

  /**
   * A soak.
   *
   * @param java how the store is started; it is given a heap of its own
   * @param settings the store's configuration
   */
  public StoreSoak(JavaCommand java, Settings settings) {
    List<String> flags = new ArrayList<>(java.flags());
    // A heap that is resident from the start, or its slow growth to its bound hides a leak.
    flags.addAll(List.of("-Xms" + HEAP_BYTES, "-Xmx" + HEAP_BYTES, "-XX:+AlwaysPreTouch"));
    this.java = new JavaCommand(java.java(), flags, java.classPath(), java.mainClass());
    this.settings = settings;
  }

  /** Runs for so long; Linux alone tells a resident set. */
  public SoakRow run(Duration time) throws InterruptedException {
    try (LocalCluster cluster = StoreBenchmark.startStore(java, settings);
        ExecutorService load = Executors.newSingleThreadExecutor()) {
      Member member = cluster.members(ServiceKind.KV_STORE).getFirst();
      StoreContender store = new StoreContender(member.address().toString(), new Values());
      long start = System.nanoTime();
      Future<Long> moved = load.submit(() -> load(store, time));
      long[] peaks = watch(member.process().pid(), moved, time);
      return row(store, peaks, bytes(moved), (System.nanoTime() - start) * 1e-9);
    }
  }

  private static long load(StoreContender store, Duration time)
      throws IOException, InterruptedException {
    try (Clients clients = Clients.connect(store, LOAD)) {
      clients.run(time);
      return clients.bytes();
    }
  }

  /** The largest resident set of each third of the time. */
  private static long[] watch(long pid, Future<Long> load, Duration time)
      throws InterruptedException {
    long[] peaks = new long[3];
    long start = System.nanoTime();
    while (true) {
      int third = (int) Math.min(2, 3 * (System.nanoTime() - start) / time.toNanos());
      try {
        load.get(1, TimeUnit.SECONDS);
        return peaks;
      } catch (ExecutionException e) {
        return peaks; // The caller tells.
      } catch (TimeoutException e) {
        peaks[third] = Math.max(peaks[third], residentBytes(pid));
      }
    }
  }

  private static long residentBytes(long pid) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
        if (line.startsWith("VmRSS:")) {
          return KIB * Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
    } catch (IOException e) {
      throw new CommandException("cannot read the store's resident set: " + e.getMessage(), "", e);
    }
    throw new CommandException("this system does not tell a process's resident set", "use Linux");
  }

  private static long bytes(Future<Long> moved) throws InterruptedException {
    try {
      return moved.get();
    } catch (ExecutionException e) {
      throw new CommandException("the soak's load failed: " + e.getCause(), "", e);
    }
  }

  private static SoakRow row(StoreContender store, long[] peaks, long moved, double seconds) {
    StatsResponse stats;
    try (StoreClient client = store.client("stats")) {
      stats = client.stats();
    }
    long configured = stats.getConfiguredBytes() + stats.getInFlightLimitBytes() + HEAP_BYTES;
    return new SoakRow(
        "store_soak",
        seconds,
        configured,
        peaks[1],
        peaks[2],
        peaks[2] / (double) peaks[1] - 1,
        peaks[2] / (double) configured,
        stats.getEvictedSets(),
        moved * 1e-9);
  }
}
