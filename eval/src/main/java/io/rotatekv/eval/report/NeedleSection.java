package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedSet;
import java.util.TreeSet;

/** Needles: a table, and heat maps over length and depth. */
final class NeedleSection {

  private NeedleSection() {}

  static void add(List<JsonNode> lines, Html page) {
    page.heading("Needle in a haystack")
        .paragraph(
            "A number hidden in a text and asked for at its end: exact match of greedy decoding with"
                + " Wilson's interval at 95 %, and the mean reciprocal rank (mrr) of its tokens.");
    Sections.table(page, lines, List.of("accuracy", "accuracy_low", "accuracy_high", "mrr", "nll"));
    List<String> names = Lines.names(lines);
    for (int i = 0; i < lines.size(); i++) {
      JsonNode cells = lines.get(i).path("cells");
      page.figure(heat(cells, "exact"), names.get(i) + ": exact match");
      page.figure(heat(cells, "mrr"), names.get(i) + ": mean reciprocal rank");
    }
  }

  private static Charts.Picture heat(JsonNode cells, String figure) {
    SequencedSet<Integer> lengths = new TreeSet<>();
    SequencedSet<Integer> depths = new TreeSet<>();
    cells.forEach(cell -> {
      lengths.add(cell.path("length").asInt());
      depths.add(cell.path("depth").asInt());
    });
    List<List<Double>> rows = new ArrayList<>();
    for (int depth : depths.reversed()) {
      rows.add(lengths.stream().map(length -> value(cells, length, depth, figure)).toList());
    }
    return Charts.heat(
        "tokens of the prompt",
        "depth, %",
        lengths.stream().map(String::valueOf).toList(),
        depths.reversed().stream().map(String::valueOf).toList(),
        rows,
        List.of(0.0, 1.0));
  }

  private static double value(JsonNode cells, int length, int depth, String figure) {
    for (JsonNode cell : cells) {
      if (cell.path("length").asInt() == length && cell.path("depth").asInt() == depth) {
        return cell.path(figure).asDouble();
      }
    }
    return 0;
  }
}
