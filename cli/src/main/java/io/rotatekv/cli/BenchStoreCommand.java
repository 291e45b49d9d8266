package io.rotatekv.cli;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.config.ValueType;
import io.rotatekv.cli.storebench.Plan;
import io.rotatekv.cli.storebench.StoreBenchmark;
import io.rotatekv.cli.storebench.StoreSoak;
import io.rotatekv.proto.StartupException;
import io.rotatekv.store.redis.LocalRedis;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv bench store}: the store beside a raw TCP copy and Redis. */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    description = {
      "Measures a store on loopback: puts and gets of values one a call (put, get) and many a stream",
      "(put_stream, get_stream), beside the same bytes between two processes by plain NIO and in",
      "Redis, in turns within one run; then LookupPrefix of 1,000 blocks beside 100 MB/s of traffic;",
      "then kills a store under puts when its file is full, and times its recovery."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv bench store --quick",
      "  rotatekv bench store --soak 30m --json",
      "  rotatekv bench store --json --set store.capacity=2GiB",
    })
final class BenchStoreCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ConfigOptions config = new ConfigOptions();

  @Option(names = "--quick", description = "Fewer sizes and shorter rounds: a minute, for a look.")
  private boolean quick;

  @Option(
      names = "--soak",
      paramLabel = "TIME",
      description = {
        "Instead, keep a store full and evicting for so long, such as 30m, and watch its resident",
        "set: its peak in the last third against the second, and against what is configured."
      })
  private @Nullable String soak;

  @Mixin private final ResultOptions results = new ResultOptions("bench-store.jsonl");

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    PrintWriter out = spec.commandLine().getOut();
    Settings settings = config.settings();
    JavaCommand java = JavaCommand.ofThisProcess(Main.class.getName());
    BenchLines lines = BenchLines.ofCpu();
    try {
      if (soak != null) {
        results.report(lines.line(new StoreSoak(java, settings).run(soakTime(soak))), out);
        return;
      }
      new StoreBenchmark(java, settings, redis(err))
          .measure(
              quick ? Plan.quick() : Plan.full(), err, row -> results.report(lines.line(row), out));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration soakTime(String text) {
    try {
      return ValueType.DURATION.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--soak: " + e.getMessage(), e);
    }
  }

  private static @Nullable Path redis(PrintWriter err) {
    try {
      return LocalRedis.find(System.getenv());
    } catch (StartupException e) {
      err.println("rotatekv: without Redis's figures: " + e.getMessage());
      err.flush();
      return null;
    }
  }
}
