package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every command that runs a service with a model. */
final class NodeOptions {

  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--store",
      paramLabel = "HOST:PORT",
      description = "Address of the store; several with commas between, or dns:name:port.")
  private @Nullable String store;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Compute threads; 0 for one per core.")
  private @Nullable Integer threads;

  void addTo(ConfigOptions config, ConfigKey<String> storeKey, ConfigKey<Integer> threadsKey) {
    config.flags(model).flag("--store", storeKey, store).flag("--threads", threadsKey, threads);
  }
}
