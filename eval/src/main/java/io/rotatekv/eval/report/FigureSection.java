package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What keys, hidden states and attention look like. */
final class FigureSection {

  private FigureSection() {}

  static void add(List<JsonNode> lines, Html page) {
    for (JsonNode line : lines) {
      int layer = line.path("layer").asInt();
      page.heading("Keys, massive activations, attention sinks")
          .paragraph(
              "One window of %d tokens with an FP16 cache.".formatted(line.path("seq").asInt()));
      keys(
          page,
          line,
          "keys",
          "Keys of layer %d before RoPE: whole channels are large".formatted(layer));
      keys(
          page, line, "keys_after_rope", "The same after RoPE: pairs of channels share their size");
      keys(page, line, "keys_rotated", "The same before RoPE, rotated: no channel stands out");
      page.figure(
          Charts.lines("channel", "mean magnitude", channelMeans(line)),
          "Mean magnitude of each channel of layer " + layer);
      map(
          page,
          line,
          "peaks",
          "tokens, in order",
          "Largest entry of each hidden state entering a layer");
      map(page, line, "attention", "token", "Share of attention that the first tokens draw");
    }
  }

  private static void keys(Html page, JsonNode line, String field, String caption) {
    heat(page, Lines.matrix(line.path(field)), "tokens, in order", "channel", caption);
  }

  private static void map(Html page, JsonNode line, String field, String x, String caption) {
    heat(page, Lines.matrix(line.path(field)), x, "layer", caption);
  }

  private static void heat(Html page, List<List<Double>> rows, String x, String y, String caption) {
    page.figure(
        Charts.heat(
            x, y, Lines.labels(rows.getFirst().size()), Lines.labels(rows.size()), rows, List.of()),
        caption);
  }

  private static Map<String, List<Double>> channelMeans(JsonNode line) {
    Map<String, List<Double>> series = new LinkedHashMap<>();
    series.put("before RoPE", means(line.path("keys")));
    series.put("after RoPE", means(line.path("keys_after_rope")));
    series.put("before RoPE, rotated", means(line.path("keys_rotated")));
    return series;
  }

  private static List<Double> means(JsonNode matrix) {
    List<Double> means = new ArrayList<>();
    for (List<Double> row : Lines.matrix(matrix)) {
      means.add(row.stream().mapToDouble(Double::doubleValue).average().orElse(0));
    }
    return means;
  }
}
