package io.rotatekv.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.client.ProtoJson;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.config.ValueType;
import io.rotatekv.cli.console.Terminal;
import io.rotatekv.v1.StatsResponse;
import java.io.PrintWriter;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rotatekv store top}: a store's activity as it happens. */
@Command(
    name = "top",
    mixinStandardHelpOptions = true,
    description = {
      "Shows a store's fill and traffic, refreshed until Ctrl-C; a line at a time where the output",
      "is no terminal."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store top --target 127.0.0.1:7000",
      "  rotatekv store top --target 127.0.0.1:7000 --every 10s --json >> store.jsonl",
    })
final class StoreTopCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final StoreOptions options = new StoreOptions();

  @Option(
      names = "--every",
      paramLabel = "TIME",
      defaultValue = "1s",
      description = "Time between two looks (default: ${DEFAULT-VALUE}).")
  private String every = "";

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "0",
      description = "Looks until it ends; 0 for no end (default: ${DEFAULT-VALUE}).")
  private int count;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--count", count, 0);
    Duration pause = pause();
    PrintWriter out = spec.commandLine().getOut();
    boolean screen = Terminal.isPresent() && !options.json();
    if (screen) {
      // However it ends, the shell's prompt begins a line.
      Runtime.getRuntime().addShutdownHook(new Thread(() -> newLine(out), "new-line"));
    }
    try (StoreAdmin store = options.connect(spec)) {
      StatsResponse before = store.stats();
      for (int look = 0; count == 0 || look < count; look++) {
        Thread.sleep(pause);
        StatsResponse now = store.stats();
        out.print(show(new StoreRates(before, now), look, screen));
        out.flush();
        before = now;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void newLine(PrintWriter out) {
    out.println();
    out.flush();
  }

  private Duration pause() {
    try {
      Duration pause = ValueType.DURATION.parse(every);
      if (pause.isPositive()) {
        return pause;
      }
      throw new IllegalArgumentException("must be more than nothing");
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--every: " + e.getMessage(), e);
    }
  }

  private String show(StoreRates rates, int look, boolean screen) {
    if (options.json()) {
      return json(rates) + "\n";
    }
    if (screen) {
      return Terminal.screen(rates.screen());
    }
    return (look == 0 ? StoreRates.header() : "") + rates.line();
  }

  private static ObjectNode json(StoreRates rates) {
    ObjectNode object = ProtoJson.of(rates.now());
    object.put("in_mb_s", rates.inMbS());
    object.put("out_mb_s", rates.outMbS());
    object.put("hits_s", rates.hitsPerSecond());
    object.put("misses_s", rates.missesPerSecond());
    object.put("evicted_s", rates.evictedPerSecond());
    return object;
  }
}
