package io.rotatekv.cli.storebench;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.v1.StatsResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** Kills a store under puts once its file is full, and times what its next start takes. */
final class StoreRecovery {

  private static final Cell LOAD = new Cell(Op.PUT_STREAM, 1 << 20, 1);
  private static final double GIB = 1L << 30;

  private final JavaCommand java;
  private final Settings settings;
  private final Values values;

  StoreRecovery(JavaCommand java, Settings settings, Values values) {
    this.java = java;
    this.settings = settings;
    this.values = values;
  }

  RecoveryRow measure() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("rotatekv-recovery-");
    try {
      Settings onFile =
          settings.with(
              Map.of(
                  ConfigKeys.STORE_ENGINE,
                  "chronicle",
                  ConfigKeys.STORE_FILE,
                  folder.resolve("store.map").toString()),
              "of the benchmark");
      try (LocalCluster cluster = StoreBenchmark.startStore(java, onFile)) {
        fillAndKill(store(cluster));
      }
      try (LocalCluster cluster = StoreBenchmark.startStore(java, onFile);
          StoreClient client = contender(store(cluster)).client("stats")) {
        return row(client.stats());
      }
    } finally {
      delete(folder);
    }
  }

  private static RecoveryRow row(StatsResponse stats) {
    if (stats.getRecoveredSets() == 0) {
      throw new CommandException("a store that was killed came back with nothing", "");
    }
    double seconds = stats.getRecoveryMs() * 1e-3;
    return new RecoveryRow(
        "store_recovery",
        stats.getFileBytes(),
        stats.getRecoveredSets(),
        stats.getDiscardedSets(),
        seconds,
        seconds / (stats.getFileBytes() / GIB));
  }

  private void fillAndKill(Member store) throws InterruptedException {
    long calls = settings.get(ConfigKeys.STORE_CAPACITY) / LOAD.bytesPerCall() + 1;
    CountDownLatch full = new CountDownLatch((int) calls);
    ProcessHandle process = StoreBenchmark.process(store);
    try (ExecutorService load = Executors.newSingleThreadExecutor()) {
      load.execute(() -> putUntilGone(store, full));
      full.await();
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  private void putUntilGone(Member store, CountDownLatch full) {
    try (Contender.Caller caller = contender(store).connect(LOAD, 0)) {
      for (long call = 0; ; call++) {
        caller.call(call);
        full.countDown();
      }
    } catch (ServiceException | IOException e) {
      while (full.getCount() > 0) {
        full.countDown(); // It ended early: what was recovered tells.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private StoreContender contender(Member store) {
    return new StoreContender(store.address().toString(), values);
  }

  private static Member store(LocalCluster cluster) {
    return cluster.members(ServiceKind.KV_STORE).getFirst();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
