package io.rotatekv.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Figures as lines of JSON that say where they come from.
 *
 * @param commit the sources' commit
 * @param machine what was measured, by the fields that say so
 */
record BenchLines(String commit, SequencedMap<String, String> machine) {

  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  /** Set by a bundle, which has no repository. */
  private static final String COMMIT_PROPERTY = "rotatekv.commit";

  private static final MathContext FOUR_DIGITS = new MathContext(4);

  /** Lines of the running program about a GPU and its driver. */
  static BenchLines ofGpu(String card, String driver) {
    SequencedMap<String, String> machine = new LinkedHashMap<>();
    machine.put("card", card);
    machine.put("driver", driver);
    return new BenchLines(currentCommit(), machine);
  }

  /** Lines of the running program about this machine's processor. */
  static BenchLines ofCpu() {
    SequencedMap<String, String> machine = new LinkedHashMap<>();
    machine.put(
        "machine",
        "%s, %d cores".formatted(processor(), Runtime.getRuntime().availableProcessors()));
    return new BenchLines(currentCommit(), machine);
  }

  private static String processor() {
    try (Stream<String> lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch"); // not Linux
    }
  }

  /** A record's components in their order, named as in {@code q_heads}, and where it comes from. */
  ObjectNode line(Record row) {
    ObjectMapper mapper =
        new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
    ObjectNode line = mapper.valueToTree(row);
    line.properties()
        .forEach(field -> {
          if (field.getValue().isDouble()) {
            BigDecimal rounded = BigDecimal.valueOf(field.getValue().doubleValue());
            field.setValue(line.numberNode(rounded.round(FOUR_DIGITS).doubleValue()));
          }
        });
    line.put("commit", commit).put("date", LocalDate.now(ZoneOffset.UTC).toString());
    machine.forEach(line::put);
    return line;
  }

  /** The figures of a line in words, for a terminal. */
  static String text(ObjectNode line) {
    return line.properties().stream()
        .filter(field -> !field.getValue().isNull())
        .map(field -> field.getKey() + " " + plain(field.getValue()))
        .collect(Collectors.joining("  "));
  }

  private static String plain(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }

  /** Adds a line to a file, which is made where it is missing. */
  static void append(Path file, ObjectNode line) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(
        file,
        line + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** The commit of the running program: what its bundle says, else of the repository here. */
  static String currentCommit() {
    String bundled = System.getProperty(COMMIT_PROPERTY);
    return bundled != null ? bundled : describe();
  }

  private static String describe() {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return said.isBlank() ? "unknown" : said.strip();
    } catch (IOException e) {
      return "unknown"; // no git here
    }
  }
}
