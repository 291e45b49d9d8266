package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.prefill.PrefillConfig;
import io.rotatekv.prefill.PrefillServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code rotatekv prefill}: one prefill node. */
@Command(
    name = "prefill",
    mixinStandardHelpOptions = true,
    description = "Runs a node that computes prompts and stores their quantized KV.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv prefill --store store-host:7000 --host 0.0.0.0 --port 7001",
      "  rotatekv prefill --config cluster.yaml --threads 8",
    })
final class PrefillCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ConfigOptions config = new ConfigOptions();
  @Mixin private final ServiceOptions service = new ServiceOptions();
  @Mixin private final NodeOptions node = new NodeOptions();

  @Override
  public void run() {
    service.addTo(config, ConfigKeys.PREFILL_HOST, ConfigKeys.PREFILL_PORT);
    node.addTo(config, ConfigKeys.PREFILL_STORE, ConfigKeys.PREFILL_THREADS);
    Settings settings = config.settings();
    service.run(
        settings,
        spec.commandLine(),
        () -> {
          PrefillConfig own = ServiceConfigs.prefill(settings);
          return PrefillServer.start(
              own, ModelFiles.fetch(own.model(), spec.commandLine().getErr()));
        });
  }
}
