package io.rotatekv.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.client.ProtoJson;
import io.rotatekv.cli.client.StoreAdmin;
import io.rotatekv.cli.console.Progress;
import io.rotatekv.v1.DamagedSet;
import io.rotatekv.v1.VerifyResponse;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv store verify}: reads and checks everything in a store. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Reads every block of a store and checks its CRC32C. Damaged sets are dropped, as at any read,",
      "and named; the exit status is 1 then."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv store verify --target 127.0.0.1:7000 --timeout 1h",
    })
final class StoreVerifyCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final StoreOptions options = new StoreOptions();

  @Option(names = "--tenant", paramLabel = "NAME", description = "Only this tenant's.")
  private @Nullable String tenant;

  private final List<DamagedSet> damaged = new ArrayList<>();
  private VerifyResponse last = VerifyResponse.getDefaultInstance();

  @Override
  public Integer call() {
    try (StoreAdmin store = options.connect(spec);
        Progress progress =
            new Progress(
                spec.commandLine().getErr(),
                "verifying",
                store.stats().getCommittedSets(),
                "sets",
                1)) {
      store.verify(
          tenant,
          report -> {
            damaged.addAll(report.getDamagedList());
            last = report;
            progress.to(report.getCheckedSets());
          });
    }
    PrintWriter out = spec.commandLine().getOut();
    out.print(options.json() ? toJson() + "\n" : toText());
    out.flush();
    return damaged.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private String toText() {
    StringBuilder text = new StringBuilder();
    for (DamagedSet set : damaged) {
      text.append("damaged and dropped: ").append(ProtoJson.hex(set.getKey()));
      text.append(" of tenant ")
          .append(StoreOptions.tenant(set.getNamespace().getTenant()))
          .append('\n');
    }
    return text.append(
            "checked %d sets, %s: %s\n"
                .formatted(
                    last.getCheckedSets(),
                    StoreTables.size(last.getCheckedBytes()),
                    damaged.isEmpty() ? "all good" : damaged.size() + " damaged"))
        .toString();
  }

  private ObjectNode toJson() {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("checked_sets", last.getCheckedSets());
    object.put("checked_bytes", last.getCheckedBytes());
    object.putArray("damaged").addAll(damaged.stream().map(ProtoJson::of).toList());
    return object;
  }
}
