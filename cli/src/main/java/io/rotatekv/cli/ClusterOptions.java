package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKeys;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every command that starts a whole cluster. */
final class ClusterOptions {

  @Mixin private final ConfigOptions config = new ConfigOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Compute threads of each prefill and decode node; 0 for one per core.")
  private @Nullable Integer threads;

  /** The configuration with these options in it, for more to be added. */
  ConfigOptions config() {
    return config
        .flags(model)
        .flag("--threads", ConfigKeys.PREFILL_THREADS, threads)
        .flag("--threads", ConfigKeys.DECODE_THREADS, threads);
  }
}
