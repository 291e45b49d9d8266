package io.rotatekv.cli;

import static io.rotatekv.cli.StoreTables.size;
import static io.rotatekv.cli.StoreTables.time;

import io.rotatekv.cli.client.ProtoJson;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.console.TextTable;
import io.rotatekv.v1.SetEntry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv store ls}: the block sets of a store. */
@Command(
    name = "ls",
    mixinStandardHelpOptions = true,
    description = {
      "Lists the block sets of a store, those used last first. A set is the blocks of all layers of",
      "64 tokens; 'after it' counts the sets that continue its prompt."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store ls --target 127.0.0.1:7000 --limit 20",
      "  rotatekv store ls --target 127.0.0.1:7000 --tenant search --json",
    })
final class StoreLsCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final StoreOptions options = new StoreOptions();

  @Option(names = "--tenant", paramLabel = "NAME", description = "Only this tenant's.")
  private @Nullable String tenant;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "100",
      description = "Most sets in the table; 0 for all (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--limit", limit, 0);
    PrintWriter out = spec.commandLine().getOut();
    List<SetEntry> sets = new ArrayList<>();
    try (StoreAdmin store = options.connect(spec)) {
      if (options.json()) {
        store.list(tenant, set -> out.println(ProtoJson.of(set)));
      } else {
        store.list(tenant, sets::add);
        out.print(table(sets));
      }
    }
    out.flush();
  }

  private String table(List<SetEntry> sets) {
    if (sets.isEmpty()) {
      return "no sets\n";
    }
    TextTable table =
        new TextTable(
            "key", "tenant", "place", "layers", "blocks", "stored", "idle", "held", "after it");
    int shown = limit == 0 ? sets.size() : Math.min(limit, sets.size());
    sets.sort(Comparator.comparingLong(SetEntry::getIdleMs));
    sets.subList(0, shown).forEach(set -> addTo(table, set));
    long bytes = sets.stream().mapToLong(SetEntry::getStoredBytes).sum();
    String rest =
        shown == sets.size() ? "" : "; %d are shown, --limit 0 shows all".formatted(shown);
    return "%s%d sets, %s stored%s%n".formatted(table, sets.size(), size(bytes), rest);
  }

  private static void addTo(TextTable table, SetEntry set) {
    table.row(
        StoreKeys.abbreviated(set.getKey()),
        StoreOptions.tenant(set.getNamespace().getTenant()),
        Integer.toString(set.getChainIndex()),
        Integer.toString(set.getLayerCount()),
        size(set.getPayloadBytes()),
        size(set.getStoredBytes()),
        time(set.getIdleMs()),
        held(set),
        Integer.toString(set.getChildren()));
  }

  private static String held(SetEntry set) {
    if (set.getPinMs() > 0) {
      return "pin " + time(set.getPinMs());
    }
    return set.getLeaseMs() > 0 ? "lease " + time(set.getLeaseMs()) : "-";
  }
}
