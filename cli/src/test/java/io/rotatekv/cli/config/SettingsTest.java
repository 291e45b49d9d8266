package io.rotatekv.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void writeFile() throws IOException {
    file =
        Files.writeString(
            folder.resolve("my.yaml"),
            """
            # comment
            store:
              capacity: 2GiB
              port: 7000
            decode:
              fetch-timeout: 250ms
            """);
  }

  @Test
  void defaultHoldsWhereNobodySetsAKey() {
    Settings settings = Settings.of(null, Map.of(), List.of());
    assertEquals(1L << 30, settings.get(ConfigKeys.STORE_CAPACITY));
    assertFalse(settings.isSet(ConfigKeys.STORE_CAPACITY));
  }

  @Test
  void fileWinsOverDefault() {
    Settings settings = Settings.of(file, Map.of(), List.of());
    assertEquals(2L << 30, settings.get(ConfigKeys.STORE_CAPACITY));
    assertEquals(Duration.ofMillis(250), settings.get(ConfigKeys.DECODE_FETCH_TIMEOUT));
    assertTrue(settings.isSet(ConfigKeys.STORE_CAPACITY));
  }

  @Test
  void environmentWinsOverFile() {
    Settings settings =
        Settings.of(file, Map.of("ROTATEKV_STORE_CAPACITY", "3GiB", "PATH", "/bin"), List.of());
    assertEquals(3L << 30, settings.get(ConfigKeys.STORE_CAPACITY));
    assertEquals(7000, settings.get(ConfigKeys.STORE_PORT));
  }

  @Test
  void flagWinsOverEnvironmentAndTheLastFlagOverTheOthers() {
    Settings settings =
        Settings.of(
            file,
            Map.of("ROTATEKV_STORE_CAPACITY", "3GiB"),
            List.of(flag("store.capacity", "4GiB"), flag("store.capacity", "5GiB")));
    assertEquals(5L << 30, settings.get(ConfigKeys.STORE_CAPACITY));
  }

  @Test
  void unknownKeyInFileIsAnErrorWithLineAndNearestKey() throws IOException {
    Files.writeString(file, "store:\n  port: 1\n  capasity: 2GiB\n");
    assertEquals(
        file + ":3: unknown key 'store.capasity'; did you mean 'store.capacity'?", error(Map.of()));
  }

  @Test
  void unknownSectionInFileIsAnError() throws IOException {
    Files.writeString(file, "stor:\n  port: 1\n");
    assertEquals(file + ":2: unknown key 'stor.port'; did you mean 'store.port'?", error(Map.of()));
  }

  @Test
  void unknownVariableOfOursIsAnErrorWithTheNearestOne() {
    assertEquals(
        "unknown environment variable ROTATEKV_STORE_CAPACTY; did you mean ROTATEKV_STORE_CAPACITY?",
        error(Map.of("ROTATEKV_STORE_CAPACTY", "1GiB")));
  }

  @Test
  void launcherVariablesAreNotConfiguration() {
    Settings settings = Settings.of(file, Map.of("ROTATEKV_JAVA_HOME", "/jdk"), List.of());
    assertEquals(7000, settings.get(ConfigKeys.STORE_PORT));
  }

  @Test
  void unknownFlagKeyIsAnError() {
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () -> Settings.of(null, Map.of(), List.of(flag("decode.thread", "2"))));
    assertEquals(
        "option --set decode.thread: unknown key 'decode.thread'; did you mean 'decode.threads'?",
        e.getMessage());
  }

  @Test
  void unreadableValueNamesItsPlaceAndWhatIsExpected() throws IOException {
    Files.writeString(file, "store:\n  capacity: 2GB\n");
    assertEquals(
        file + ":2: store.capacity: '2GB' is not a size; write it as 512MiB or 2GiB",
        error(Map.of()));
    Files.writeString(file, "{}");
    assertEquals(
        "environment variable ROTATEKV_STORE_PORT: store.port:"
            + " '70000' is not a whole number from 0 to 65535",
        error(Map.of("ROTATEKV_STORE_PORT", "70000")));
  }

  @Test
  void unknownCodecNamesTheKnownOnes() {
    assertTrue(error(Map.of("ROTATEKV_MODEL_CODEC", "int2")).contains("rotatekv2"));
  }

  @Test
  void printedConfigurationReadsBackAsTheSameValues() throws IOException {
    Settings settings =
        Settings.of(
            file,
            Map.of("ROTATEKV_MODEL_PATH", "/a b/it's: #1.gguf"),
            List.of(flag("model.codec", "fp16")));
    Path printed = Files.writeString(folder.resolve("printed.yaml"), settings.toYaml());
    Settings again = Settings.of(printed, Map.of(), List.of());
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      assertEquals(settings.get(key), again.get(key), key.path());
    }
  }

  @Test
  void printedConfigurationNamesEachSource() {
    List<String> lines =
        Settings.of(
                file, Map.of("ROTATEKV_PREFILL_THREADS", "2"), List.of(flag("model.codec", "fp16")))
            .toYaml()
            .lines()
            .map(line -> line.replaceAll(" +", " "))
            .toList();
    assertTrue(lines.contains(" codec: fp16 # option --set model.codec"), lines::toString);
    assertTrue(
        lines.contains(" threads: 2 # environment variable ROTATEKV_PREFILL_THREADS"),
        lines::toString);
    assertTrue(lines.contains(" capacity: 2GiB # " + file + ":3"), lines::toString);
    assertTrue(lines.contains(" max-batch: 8 # default"), lines::toString);
  }

  private String error(Map<String, String> environment) {
    return String.valueOf(
        assertThrows(ConfigException.class, () -> Settings.of(file, environment, List.of()))
            .getMessage());
  }

  private static Settings.Flag flag(String key, String text) {
    return new Settings.Flag(key, text, "--set " + key);
  }
}
