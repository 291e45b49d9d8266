package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.decode.DecodeConfig;
import io.rotatekv.decode.DecodeServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv decode}: one decode node. */
@Command(
    name = "decode",
    mixinStandardHelpOptions = true,
    description = "Runs a node that answers users: fetches a prompt's KV and generates.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv decode --store store-host:7000 --prefill prefill-host:7001 --port 7100",
      "  rotatekv decode --config cluster.yaml --set decode.max-batch=16",
    })
final class DecodeCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ConfigOptions config = new ConfigOptions();
  @Mixin private final ServiceOptions service = new ServiceOptions();
  @Mixin private final NodeOptions node = new NodeOptions();

  @Option(
      names = "--prefill",
      paramLabel = "HOST:PORT",
      description = "Address of a prefill node, or a name of several.")
  private @Nullable String prefill;

  @Override
  public void run() {
    service.addTo(config, ConfigKeys.DECODE_HOST, ConfigKeys.DECODE_PORT);
    node.addTo(config, ConfigKeys.DECODE_STORE, ConfigKeys.DECODE_THREADS);
    Settings settings = config.flag("--prefill", ConfigKeys.DECODE_PREFILL, prefill).settings();
    service.run(
        settings,
        spec.commandLine(),
        () -> {
          DecodeConfig own = ServiceConfigs.decode(settings);
          return DecodeServer.start(
              own, ModelFiles.fetch(own.model(), spec.commandLine().getErr()));
        });
  }
}
