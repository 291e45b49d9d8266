package io.rotatekv.cli.config;

import java.util.Locale;

/**
 * One thing that can be configured.
 *
 * @param section the YAML mapping it stands in, such as {@code store}
 * @param name its name there, such as {@code capacity}
 * @param type how its text is read
 * @param defaultText the text that holds when nobody sets one
 * @param description one line for {@code --print-config} and the documentation
 */
public record ConfigKey<T>(
    String section, String name, ValueType<T> type, String defaultText, String description) {

  /** The name in full: {@code store.capacity}. */
  public String path() {
    return section + "." + name;
  }

  /** The environment variable that sets it: {@code ROTATEKV_STORE_CAPACITY}. */
  public String variable() {
    return ConfigKeys.VARIABLE_PREFIX
        + (section + "_" + name).replace('-', '_').toUpperCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return path();
  }
}
