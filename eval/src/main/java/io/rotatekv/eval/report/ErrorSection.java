package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Errors of keys and values: a table, lines over layers, heat maps of layer and head. */
final class ErrorSection {

  private ErrorSection() {}

  static void add(List<JsonNode> lines, Html page) {
    page.heading("Errors of keys and values")
        .paragraph(
            "Squared error over squared norm, the mean of all layers, each with exact inputs. After"
                + " RoPE: the same cache given keys after RoPE, with what it learned before it.");
    Sections.table(
        page,
        lines,
        List.of(
            "key_error",
            "key_error_after_rope",
            "value_error",
            "key_mse",
            "value_mse",
            "clip_rate",
            "saturated_zeros",
            "sinks"));
    for (String figure : List.of("key_error", "key_error_after_rope", "value_error")) {
      page.figure(
          Charts.lines("layer", "relative error", perLayer(lines, figure)),
          figure.replace('_', ' ') + " by layer");
    }
    List<String> names = Lines.names(lines);
    for (int i = 0; i < lines.size(); i++) {
      page.figure(heat(lines.get(i)), names.get(i) + ": key error by layer and KV head");
    }
  }

  private static Map<String, List<Double>> perLayer(List<JsonNode> lines, String figure) {
    Map<String, List<Double>> series = new LinkedHashMap<>();
    List<String> names = Lines.names(lines);
    for (int i = 0; i < lines.size(); i++) {
      List<Double> layers = new ArrayList<>();
      lines.get(i).path("layers").forEach(layer -> layers.add(mean(layer.path(figure))));
      series.put(names.get(i), layers);
    }
    return series;
  }

  private static double mean(JsonNode heads) {
    return Lines.list(heads).stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }

  private static Charts.Picture heat(JsonNode line) {
    List<List<Double>> byLayer = new ArrayList<>();
    line.path("layers").forEach(layer -> byLayer.add(Lines.list(layer.path("key_error"))));
    int heads = byLayer.getFirst().size();
    List<List<Double>> byHead = new ArrayList<>();
    for (int head = 0; head < heads; head++) {
      int row = head;
      byHead.add(byLayer.stream().map(layer -> layer.get(row)).toList());
    }
    return Charts.heat(
        "layer", "KV head", Lines.labels(byLayer.size()), Lines.labels(heads), byHead, List.of());
  }
}
