package io.rotatekv.cli.config;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads a YAML file of the form {@code section: {key: value}}, remembering each value's line. */
final class ConfigFile {

  private static final Set<String> SECTIONS =
      ConfigKeys.ALL.stream().map(ConfigKey::section).collect(Collectors.toSet());
  private static final YAMLFactory YAML =
      YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Path path;

  private ConfigFile(Path path) {
    this.path = path;
  }

  /**
   * The settings of a file, by the keys' full names. Those are not checked here, but sections
   * without a key are, for nobody sees them later.
   *
   * @throws ConfigException where the file cannot be read or has another form
   */
  static Map<String, Setting> read(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new ConfigException(
          "no configuration file %s; deploy/cluster.yaml is one to start from".formatted(path));
    }
    try (JsonParser parser = YAML.createParser(path.toFile())) {
      return new ConfigFile(path).sections(parser);
    } catch (JsonParseException e) {
      throw new ConfigException(
          "%s:%d: not valid YAML: %s"
              .formatted(path, e.getLocation().getLineNr(), reason(e.getOriginalMessage())));
    } catch (IOException e) {
      throw new ConfigException("cannot read %s: %s".formatted(path, e.getMessage()));
    }
  }

  private Map<String, Setting> sections(JsonParser parser) throws IOException {
    Map<String, Setting> settings = new LinkedHashMap<>();
    if (parser.nextToken() == null || isEmpty(parser)) {
      return settings;
    }
    requireMapping(parser, "the file");
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String section = parser.currentName();
      int line = line(parser);
      int before = settings.size();
      parser.nextToken();
      if (!isEmpty(parser)) {
        requireMapping(parser, section);
        readSection(parser, section, settings);
      }
      if (settings.size() == before) {
        requireKnown(section, line);
      }
    }
    return settings;
  }

  private void requireKnown(String section, int line) {
    if (!SECTIONS.contains(section)) {
      throw new ConfigException(
          "%s:%d: unknown section '%s'; did you mean '%s'?"
              .formatted(path, line, section, NearestName.of(section, SECTIONS)));
    }
  }

  private void readSection(JsonParser parser, String section, Map<String, Setting> settings)
      throws IOException {
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = section + "." + parser.currentName();
      int line = line(parser);
      JsonToken value = parser.nextToken();
      if (!value.isScalarValue()) {
        throw new ConfigException(
            "%s:%d: %s: expected one value, found a %s"
                .formatted(path, line, name, value == JsonToken.START_ARRAY ? "list" : "mapping"));
      }
      String text = value == JsonToken.VALUE_NULL ? "" : parser.getText();
      settings.put(name, new Setting(text, new ConfigSource.File(path, line)));
    }
  }

  private void requireMapping(JsonParser parser, String what) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new ConfigException(
          "%s:%d: %s must be a mapping, such as 'store:' with 'capacity: 1GiB' indented below"
              .formatted(path, line(parser), what));
    }
  }

  private static boolean isEmpty(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    return token == JsonToken.VALUE_NULL
        || (token == JsonToken.VALUE_STRING && parser.getText().isEmpty());
  }

  private static int line(JsonParser parser) {
    return parser.currentTokenLocation().getLineNr();
  }

  // What is indented shows the file's text and repeats the place.
  private static String reason(String message) {
    return message.lines().filter(line -> !line.startsWith(" ")).collect(Collectors.joining("; "));
  }
}
