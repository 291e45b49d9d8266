package io.rotatekv.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code deploy/cluster.yaml} is the documentation of the keys, so it may not go stale. */
class ExampleFileTest {

  private static final Path EXAMPLE = Path.of("..", "deploy", "cluster.yaml");

  @Test
  void showsEveryKey() {
    assertEquals(
        ConfigKeys.ALL.stream().map(ConfigKey::path).collect(Collectors.toCollection(TreeSet::new)),
        new TreeSet<>(ConfigFile.read(EXAMPLE).keySet()));
  }

  @Test
  void showsTheDefaults() {
    Settings example = Settings.of(EXAMPLE, Map.of(), List.of());
    Settings defaults = Settings.of(null, Map.of(), List.of());
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      assertEquals(defaults.get(key), example.get(key), key.path());
    }
  }
}
