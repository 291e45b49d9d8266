package io.rotatekv.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.protobuf.ByteString;
import io.rotatekv.cli.client.ProtoJson;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.SetEntry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rotatekv store rm}: removes sets and what follows them. */
@Command(
    name = "rm",
    mixinStandardHelpOptions = true,
    description = {
      "Removes block sets, leased and pinned ones as well, and the sets that follow them in their",
      "chains, which nobody could find without them. Nodes that need them compute them again."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store rm --target 127.0.0.1:7000 8a2f61d09c3b77e4",
      "  rotatekv store rm --target 127.0.0.1:7000 --tenant search --all --dry-run",
    })
final class StoreRmCommand implements Runnable {

  /** Less would remove by accident. */
  private static final int MIN_DIGITS = 8;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final StoreOptions options = new StoreOptions();

  @Parameters(
      paramLabel = "KEY",
      arity = "0..*",
      description = "Keys in hexadecimal, or at least their first 8 digits.")
  private List<String> prefixes = List.of();

  @Option(names = "--tenant", paramLabel = "NAME", description = "Only this tenant's.")
  private @Nullable String tenant;

  @Option(names = "--all", description = "Every set, of the tenant or of all.")
  private boolean all;

  @Option(names = "--dry-run", description = "Say what would be removed, and leave it.")
  private boolean dryRun;

  @Override
  public void run() {
    checkUsage();
    List<SetEntry> present = new ArrayList<>();
    try (StoreAdmin store = options.connect(spec)) {
      store.list(tenant, present::add);
      Collection<SetEntry> doomed = all ? present : withFollowers(present);
      report(doomed, dryRun ? doomed.size() : remove(store, doomed));
    }
  }

  private void checkUsage() {
    if (all == !prefixes.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "name the keys to remove, which 'store ls' lists, or --all");
    }
    for (String prefix : prefixes) {
      if (!prefix.matches("[0-9a-f]{%d,64}".formatted(MIN_DIGITS))) {
        throw new ParameterException(
            spec.commandLine(),
            "'%s' is not a key of %d to 64 hexadecimal digits".formatted(prefix, MIN_DIGITS));
      }
    }
  }

  private static int remove(StoreAdmin store, Collection<SetEntry> sets) {
    Map<Namespace, List<ByteString>> keys =
        sets.stream()
            .collect(
                Collectors.groupingBy(
                    SetEntry::getNamespace,
                    Collectors.mapping(SetEntry::getKey, Collectors.toList())));
    return keys.entrySet().stream()
        .mapToInt(entry -> store.delete(entry.getKey(), entry.getValue()))
        .sum();
  }

  /** The sets that were named, and all that descend from them. */
  private Set<SetEntry> withFollowers(List<SetEntry> present) {
    Map<ByteString, List<SetEntry>> children =
        present.stream().collect(Collectors.groupingBy(SetEntry::getParentKey));
    Set<SetEntry> doomed = new LinkedHashSet<>();
    List<SetEntry> open = new ArrayList<>();
    prefixes.forEach(prefix -> open.addAll(named(prefix, present)));
    while (!open.isEmpty()) {
      SetEntry set = open.removeLast();
      if (doomed.add(set)) {
        children.getOrDefault(set.getKey(), List.of()).stream()
            .filter(child -> child.getNamespace().equals(set.getNamespace()))
            .forEach(open::add);
      }
    }
    return doomed;
  }

  private static List<SetEntry> named(String prefix, List<SetEntry> present) {
    List<SetEntry> found =
        present.stream().filter(set -> ProtoJson.hex(set.getKey()).startsWith(prefix)).toList();
    if (found.isEmpty()) {
      throw new CommandException(
          "no set has a key that begins with " + prefix, "'rotatekv store ls' lists them");
    }
    if (found.stream().map(SetEntry::getKey).distinct().count() > 1) {
      throw new CommandException(
          "%d keys begin with %s".formatted(found.size(), prefix), "give more digits");
    }
    return found;
  }

  private void report(Collection<SetEntry> sets, int removed) {
    long bytes = sets.stream().mapToLong(SetEntry::getStoredBytes).sum();
    PrintWriter out = spec.commandLine().getOut();
    if (options.json()) {
      out.println(
          JsonNodeFactory.instance
              .objectNode()
              .put("sets", removed)
              .put("stored_bytes", bytes)
              .put("dry_run", dryRun));
    } else {
      String verb = dryRun ? "would remove" : "removed";
      out.println("%s %d sets, %s".formatted(verb, removed, StoreTables.size(bytes)));
    }
    out.flush();
  }
}
