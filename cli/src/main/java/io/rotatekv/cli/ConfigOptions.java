package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigException;
import io.rotatekv.cli.config.ConfigKey;
import io.rotatekv.cli.config.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where configuration comes from, on the command line. */
final class ConfigOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file; deploy/cluster.yaml shows every key.")
  private @Nullable Path file;

  private final List<Settings.Flag> flags = new ArrayList<>();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Any configuration key, such as store.capacity=2GiB; may be repeated.")
  void set(List<String> assignments) {
    flags.removeIf(flag -> flag.option().startsWith("--set"));
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new ConfigException("--set %s: expected KEY=VALUE".formatted(assignment));
      }
      String key = assignment.substring(0, equals);
      flags.add(new Settings.Flag(key, assignment.substring(equals + 1), "--set " + key));
    }
  }

  /** Records an option of its own name that sets a key; null where it was not given. */
  ConfigOptions flag(String option, ConfigKey<?> key, @Nullable Object value) {
    if (value != null) {
      flags.add(new Settings.Flag(key.path(), value.toString(), option));
    }
    return this;
  }

  /** Records the options of a mixin. */
  ConfigOptions flags(ModelOptions options) {
    options.addTo(this);
    return this;
  }

  /** The effective configuration of this process. */
  Settings settings() {
    return Settings.of(file, System.getenv(), flags);
  }
}
