package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.store.KvStoreServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv kv-store}: the store alone. */
@Command(
    name = "kv-store",
    mixinStandardHelpOptions = true,
    description = "Runs a store of KV blocks until it is told to stop.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv kv-store --port 7000 --capacity 8GiB",
      "  rotatekv kv-store --config deploy/cluster.yaml --file /var/lib/rotatekv/blocks",
      "  rotatekv kv-store --port 7000 --capacity 64GiB --engine redis --redis redis://redis-host:6379",
    })
final class KvStoreCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ConfigOptions config = new ConfigOptions();
  @Mixin private final ServiceOptions service = new ServiceOptions();

  @Option(
      names = "--capacity",
      paramLabel = "SIZE",
      description = "Bound of the stored blocks' bytes, such as 2GiB.")
  private @Nullable String capacity;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "Persist there, and survive restarts; in memory without.")
  private @Nullable String file;

  @Option(
      names = "--engine",
      paramLabel = "NAME",
      description = "chronicle (the default), or redis for Redis or Valkey servers.")
  private @Nullable String engine;

  @Option(
      names = "--redis",
      paramLabel = "URI",
      description = "redis://host:port of the server, or of some nodes of a cluster.")
  private @Nullable String redis;

  @Override
  public void run() {
    service.addTo(config, ConfigKeys.STORE_HOST, ConfigKeys.STORE_PORT);
    Settings settings =
        config
            .flag("--capacity", ConfigKeys.STORE_CAPACITY, capacity)
            .flag("--file", ConfigKeys.STORE_FILE, file)
            .flag("--engine", ConfigKeys.STORE_ENGINE, engine)
            .flag("--redis", ConfigKeys.STORE_REDIS_URIS, redis)
            .settings();
    service.run(
        settings,
        spec.commandLine(),
        () ->
            KvStoreServer.start(ServiceConfigs.store(settings), ServiceConfigs.storage(settings)));
  }
}
