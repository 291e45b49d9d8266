package io.rotatekv.cli.storebench;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Progress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The store's throughput and latency, as a process of its own, beside raw TCP and Redis. */
public final class StoreBenchmark {

  private final JavaCommand java;
  private final Settings settings;
  private final @Nullable Path redisServer;

  /**
   * A measurement.
   *
   * @param java how the store and the raw copy's other end are started
   * @param settings the store's configuration
   * @param redisServer Redis's or Valkey's program; null to go without
   */
  public StoreBenchmark(JavaCommand java, Settings settings, @Nullable Path redisServer) {
    this.java = java;
    this.settings = settings;
    this.redisServer = redisServer;
  }

  /**
   * Only a store: no compute nodes, and leases that end at once, so that puts can go on for ever.
   */
  static LocalCluster startStore(JavaCommand java, Settings settings) throws InterruptedException {
    return LocalCluster.start(
        java,
        settings.with(
            Map.of(
                ConfigKeys.STORE_COUNT, "1",
                ConfigKeys.PREFILL_COUNT, "0",
                ConfigKeys.DECODE_COUNT, "0",
                ConfigKeys.STORE_LEASE, "0s"),
            "of the benchmark"));
  }

  /** The store's process. */
  static ProcessHandle process(Member store) {
    return ProcessHandle.of(store.process().pid())
        .orElseThrow(() -> new CommandException("the store has ended", store.process().logTail()));
  }

  /** Measures all of a plan, then a recovery, and gives each row when it is there. */
  public void measure(Plan plan, PrintWriter err, Consumer<Record> rows)
      throws InterruptedException {
    Values values = new Values();
    try (LocalCluster cluster = startStore(java, settings);
        Contender raw = RawTcpContender.start(java, values);
        Redis redis = new Redis(redisServer, values);
        Progress progress =
            new Progress(err, "measuring", plan.cells().size() + 2L, "figures", 1)) {
      Member member = cluster.members(ServiceKind.KV_STORE).getFirst();
      ProcessHandle server = process(member);
      StoreContender store = new StoreContender(member.address().toString(), values);
      Throughput throughput = new Throughput(store, raw, redis.contender(), server);
      for (Cell cell : plan.warmUpCells()) {
        throughput.warmUp(cell, plan.warmUp());
      }
      for (Cell cell : plan.cells()) {
        rows.accept(throughput.measure(cell, plan));
        progress.add(1);
      }
      rows.accept(new LookupLatency(store, server).measure(plan.lookupTime()));
      progress.add(1);
      rows.accept(new StoreRecovery(java, settings, values).measure());
      progress.add(1);
    } catch (IOException e) {
      throw new CommandException("a connection failed: " + e.getMessage(), "", e);
    }
  }

  /** Redis, where there is one. */
  private static final class Redis implements AutoCloseable {

    private final @Nullable RedisContender contender;

    Redis(@Nullable Path program, Values values) {
      contender = program == null ? null : new RedisContender(program, values);
    }

    @Nullable Contender contender() {
      return contender;
    }

    @Override
    public void close() {
      if (contender != null) {
        contender.close();
      }
    }
  }
}
