package io.rotatekv.cli.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The effective configuration: a valid value for every key, and where it came from. */
public final class Settings {

  private static final Map<String, ConfigKey<?>> BY_PATH =
      ConfigKeys.ALL.stream().collect(Collectors.toMap(ConfigKey::path, Function.identity()));
  private static final Map<String, ConfigKey<?>> BY_VARIABLE =
      ConfigKeys.ALL.stream().collect(Collectors.toMap(ConfigKey::variable, Function.identity()));

  private final Map<ConfigKey<?>, Setting> settings;

  private Settings(Map<ConfigKey<?>, Setting> settings) {
    this.settings = settings;
  }

  /**
   * Merges all sources.
   *
   * @param file a YAML file, or null
   * @param environment the process's environment; variables of other programs are left alone
   * @param flags texts by full key name, in the order given; the option each came from
   * @throws ConfigException at the first unknown key or unreadable value
   */
  public static Settings of(
      @Nullable Path file, Map<String, String> environment, List<Flag> flags) {
    Map<ConfigKey<?>, Setting> settings = new LinkedHashMap<>();
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      settings.put(key, new Setting(key.defaultText(), new ConfigSource.Default()));
    }
    if (file != null) {
      ConfigFile.read(file)
          .forEach((name, setting) -> settings.put(known(name, setting.source()), setting));
    }
    settings.putAll(ofEnvironment(environment));
    for (Flag flag : flags) {
      ConfigSource source = new ConfigSource.Flag(flag.option());
      settings.put(known(flag.key(), source), new Setting(flag.text(), source));
    }
    Settings merged = new Settings(settings);
    ConfigKeys.ALL.forEach(merged::get);
    return merged;
  }

  /** The value of a key. */
  public <T> T get(ConfigKey<T> key) {
    Setting setting = setting(key);
    try {
      return key.type().parse(setting.text());
    } catch (IllegalArgumentException e) {
      throw invalid(key, e.getMessage());
    }
  }

  /** An error about a key's value, naming where the value came from. */
  public ConfigException invalid(ConfigKey<?> key, @Nullable String reason) {
    return new ConfigException("%s: %s: %s".formatted(setting(key).source(), key.path(), reason));
  }

  /** Whether someone set the key, rather than left it at its default. */
  public boolean isSet(ConfigKey<?> key) {
    return !(setting(key).source() instanceof ConfigSource.Default);
  }

  /** The same with other values, by key; their source is named as {@code origin}. */
  public Settings with(Map<ConfigKey<?>, String> changes, String origin) {
    Map<ConfigKey<?>, Setting> changed = new LinkedHashMap<>(settings);
    changes.forEach(
        (key, text) -> changed.put(key, new Setting(text, new ConfigSource.Flag(origin))));
    return new Settings(changed);
  }

  /** The whole configuration as a YAML file that means the same, each line with its source. */
  public String toYaml() {
    List<String> lines = new ArrayList<>();
    String section = "";
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      if (!key.section().equals(section)) {
        section = key.section();
        lines.add(section + ":");
      }
      Setting setting = setting(key);
      lines.add(
          "  %-34s # %s".formatted(key.name() + ": " + quoted(setting.text()), setting.source()));
    }
    return String.join("\n", lines) + "\n";
  }

  /** Every environment variable that sets a key, to be kept from children given a whole file. */
  public static List<String> variables() {
    return BY_VARIABLE.keySet().stream().sorted().toList();
  }

  private Setting setting(ConfigKey<?> key) {
    Setting setting = settings.get(key);
    if (setting == null) {
      throw new IllegalArgumentException("no such key: " + key);
    }
    return setting;
  }

  private static Map<ConfigKey<?>, Setting> ofEnvironment(Map<String, String> environment) {
    Map<ConfigKey<?>, Setting> found = new LinkedHashMap<>();
    new TreeMap<>(environment)
        .forEach((variable, text) -> {
          if (!variable.startsWith(ConfigKeys.VARIABLE_PREFIX)
              || ConfigKeys.OTHER_VARIABLES.contains(variable)) {
            return;
          }
          ConfigKey<?> key = BY_VARIABLE.get(variable);
          if (key == null) {
            throw new ConfigException(
                "unknown environment variable %s; did you mean %s?"
                    .formatted(variable, NearestName.of(variable, BY_VARIABLE.keySet())));
          }
          found.put(key, new Setting(text, new ConfigSource.Environment(variable)));
        });
    return found;
  }

  private static ConfigKey<?> known(String name, ConfigSource source) {
    ConfigKey<?> key = BY_PATH.get(name);
    if (key == null) {
      throw new ConfigException(
          "%s: unknown key '%s'; did you mean '%s'?"
              .formatted(source, name, NearestName.of(name, BY_PATH.keySet())));
    }
    return key;
  }

  // Single quotes need no escapes in YAML but their own.
  private static String quoted(String text) {
    boolean plain = text.matches("[A-Za-z0-9/._-][A-Za-z0-9/._:+-]*") && !text.endsWith(":");
    return plain ? text : "'" + text.replace("'", "''") + "'";
  }

  /**
   * One value given on the command line.
   *
   * @param key the key's full name
   * @param text the value
   * @param option how the user wrote it, for messages
   */
  public record Flag(String key, String text, String option) {}
}
