package io.rotatekv.cli;

import io.rotatekv.cli.client.ProtoJson;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.v1.StatsResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv store stats}: a store's figures, once. */
@Command(
    name = "stats",
    mixinStandardHelpOptions = true,
    description = "Prints a store's fill, and what it has done since its start.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store stats --target 127.0.0.1:7000",
      "  rotatekv store stats --target 127.0.0.1:7000 --json",
    })
final class StoreStatsCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final StoreOptions options = new StoreOptions();

  @Override
  public void run() {
    StatsResponse stats;
    try (StoreAdmin store = options.connect(spec)) {
      stats = store.stats();
    }
    spec.commandLine()
        .getOut()
        .println(options.json() ? ProtoJson.of(stats) : StoreTables.stats(stats));
  }
}
