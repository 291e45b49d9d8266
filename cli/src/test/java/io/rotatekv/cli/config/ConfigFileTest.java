package io.rotatekv.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {

  @TempDir Path folder;

  @Test
  void missingFileNamesOneToStartFrom() {
    Path absent = folder.resolve("absent.yaml");
    assertEquals(
        "no configuration file %s; deploy/cluster.yaml is one to start from".formatted(absent),
        assertThrows(ConfigException.class, () -> ConfigFile.read(absent)).getMessage());
  }

  @Test
  void emptyFileAndEmptySectionSetNothing() throws IOException {
    assertEquals(Map.of(), read(""));
    assertEquals(Map.of(), read("# only a comment\n"));
    assertEquals(Map.of(), read("store:\n"));
    assertEquals(Map.of(), read("store: {}\n"));
  }

  @Test
  void unknownSectionIsAnErrorThoughItIsEmpty() {
    assertError("model:\nstoree: {}\n", ":2: unknown section 'storee'; did you mean 'store'?");
    assertError("storee:\n", ":1: unknown section 'storee'; did you mean 'store'?");
  }

  @Test
  void emptyValueIsEmptyText() throws IOException {
    Path file = folder.resolve("f.yaml");
    assertEquals(
        Map.of("model.calibration", new Setting("", new ConfigSource.File(file, 2))),
        read("model:\n  calibration:\n"));
  }

  @Test
  void brokenYamlNamesItsLine() {
    assertError(
        "store:\n  port: 'x\n",
        ":2: not valid YAML: while scanning a quoted scalar; found unexpected end");
  }

  @Test
  void keyGivenTwiceIsAnError() {
    assertError("store:\n  port: 1\n  port: 2\n", ":3: not valid YAML: Duplicate field 'port'");
  }

  @Test
  void listWhereOneValueBelongsIsAnError() {
    assertError("store:\n  port: [1, 2]\n", ":2: store.port: expected one value, found a list");
  }

  @Test
  void valueWhereASectionBelongsIsAnError() {
    assertError("model: rotatekv2\n", ":1: model must be a mapping");
    assertError("- store\n", ":1: the file must be a mapping");
  }

  private void assertError(String yaml, String expected) {
    ConfigException e = assertThrows(ConfigException.class, () -> read(yaml));
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e::getMessage);
  }

  private Map<String, Setting> read(String yaml) throws IOException {
    return ConfigFile.read(Files.writeString(folder.resolve("f.yaml"), yaml));
  }
}
