package io.rotatekv.cli;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.cluster.LocalCluster;
import io.rotatekv.cli.cluster.LocalCluster.Member;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.TextTable;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv up}: a local cluster that runs until it is interrupted. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    description = "Starts a cluster on this machine and keeps it up until Ctrl-C.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv up",
      "  rotatekv up --config deploy/cluster.yaml --codec rotatekv4",
      "  rotatekv up --set prefill.count=2 --set decode.port=7100",
      "  rotatekv up --print-config",
    })
final class UpCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ClusterOptions options = new ClusterOptions();

  @Option(
      names = "--store-capacity",
      paramLabel = "SIZE",
      description = "Bound of the stored blocks' bytes, such as 2GiB.")
  private @Nullable String storeCapacity;

  @Option(
      names = "--print-config",
      description = "Print the effective configuration, with the source of each value, and exit.")
  private boolean printConfig;

  @Override
  public void run() {
    Settings settings =
        options
            .config()
            .flag("--store-capacity", ConfigKeys.STORE_CAPACITY, storeCapacity)
            .settings();
    PrintWriter out = spec.commandLine().getOut();
    if (printConfig) {
      out.print(settings.toYaml());
      out.flush();
      return;
    }
    requireAddresses(settings);
    PrintWriter err = spec.commandLine().getErr();
    ModelFiles.fetch(settings.get(ConfigKeys.MODEL_PATH), err);
    try (LocalCluster cluster =
        LocalCluster.start(JavaCommand.ofThisProcess(Main.class.getName()), settings)) {
      announce(cluster, out);
      cluster.warnings().forEach(warning -> err.println("warning: " + warning));
      err.flush();
      awaitEnd(cluster, err);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void requireAddresses(Settings settings) {
    boolean store = settings.get(ConfigKeys.STORE_COUNT) > 0;
    boolean prefill = settings.get(ConfigKeys.PREFILL_COUNT) > 0;
    boolean decode = settings.get(ConfigKeys.DECODE_COUNT) > 0;
    if (!store && !prefill && !decode) {
      throw settings.invalid(ConfigKeys.DECODE_COUNT, "with every count at 0, nothing would start");
    }
    if (prefill && !store) {
      require(settings, ConfigKeys.PREFILL_STORE, ConfigKeys.STORE_COUNT);
    }
    if (decode && !store) {
      require(settings, ConfigKeys.DECODE_STORE, ConfigKeys.STORE_COUNT);
    }
    if (decode && !prefill) {
      require(settings, ConfigKeys.DECODE_PREFILL, ConfigKeys.PREFILL_COUNT);
    }
  }

  private static void require(Settings settings, ConfigKey<String> address, ConfigKey<?> count) {
    if (settings.get(address).isEmpty()) {
      throw settings.invalid(
          count, "with 0, set %s to the address of a running one".formatted(address.path()));
    }
  }

  private static void announce(LocalCluster cluster, PrintWriter out) {
    TextTable table = new TextTable("service", "address", "process");
    for (Member member : cluster.members()) {
      table.row(
          member.process().name(),
          member.address().toString(),
          Long.toString(member.process().pid()));
    }
    out.print(table);
    out.println("logs in " + cluster.directory());
    cluster.members(ServiceKind.DECODE).stream()
        .findFirst()
        .ifPresent(decode ->
            out.println(
                "try: rotatekv generate --target %s --prompt \"Why is the sky blue?\""
                    .formatted(decode.address())));
    out.println("Ctrl-C stops everything.");
    out.flush();
  }

  // A lost store or prefill node costs time, not answers, so only the loss of all nodes that users
  // talk to ends the cluster.
  private static void awaitEnd(LocalCluster cluster, PrintWriter err) {
    Map<ServiceKind, List<CompletableFuture<Void>>> ends = new EnumMap<>(ServiceKind.class);
    for (Member member : cluster.members()) {
      ends.computeIfAbsent(member.kind(), _ -> new ArrayList<>())
          .add(member.process().exit().thenAccept(status -> report(cluster, member, status, err)));
    }
    ServiceKind front = Collections.max(ends.keySet());
    CompletableFuture.allOf(ends.getOrDefault(front, List.of()).toArray(CompletableFuture[]::new))
        .join();
    throw new CommandException("every %s node has ended".formatted(front.command()), "");
  }

  private static void report(LocalCluster cluster, Member member, int status, PrintWriter err) {
    if (!member.process().isStopping()) {
      cluster.keepLogs();
      err.println(
          "rotatekv: %s ended with status %d; the others go on%n%s"
              .formatted(member.process().name(), status, member.process().logTail().indent(2)));
      err.flush();
    }
  }
}
