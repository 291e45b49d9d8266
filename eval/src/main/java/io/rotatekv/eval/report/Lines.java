package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reads what sections need out of an evaluation's lines. */
final class Lines {

  private Lines() {}

  /** What tells a line from others of its evaluation. */
  static String name(JsonNode line) {
    return line.has("row") ? line.get("row").asText() : line.get("codec").asText();
  }

  static List<String> names(List<JsonNode> lines) {
    List<String> names = new ArrayList<>();
    for (JsonNode line : lines) {
      String name = name(line);
      // A chart takes every name once: other lines of one codec differ in attend or seq.
      String full =
          "%s %s %d".formatted(name, line.get("attend").asText(), line.get("seq").asInt());
      String free = names.contains(name) ? full : name;
      names.add(names.contains(free) ? free + " #" + names.size() : free);
    }
    return names;
  }

  static List<Double> numbers(List<JsonNode> lines, String figure) {
    return lines.stream().map(line -> line.path(figure).asDouble(0)).toList();
  }

  static List<Double> list(JsonNode array) {
    List<Double> numbers = new ArrayList<>();
    array.forEach(number -> numbers.add(number.asDouble()));
    return numbers;
  }

  static List<List<Double>> matrix(JsonNode arrays) {
    List<List<Double>> rows = new ArrayList<>();
    arrays.forEach(row -> rows.add(list(row)));
    return rows;
  }

  /** 0, 1, … as labels. */
  static List<String> labels(int count) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      labels.add(Integer.toString(i));
    }
    return labels;
  }

  /** A field as a table shows it. */
  static String cell(JsonNode value) {
    if (value.isFloatingPointNumber()) {
      double number = value.asDouble();
      String format = number != 0 && Math.abs(number) < 0.001 ? "%.2e" : "%.4f";
      return String.format(Locale.ROOT, format, number);
    }
    return value.asText();
  }
}
