package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The part of a page that each evaluation's lines become. */
final class Sections {

  private static final List<String> COMMON =
      List.of("codec", "attend", "seq", "windows", "bits", "avg_bits");

  /** The number of what all tables of an ablation are compared with. */
  private static final int COMPARED = 0;

  private Sections() {}

  /** Adds the section of one evaluation. */
  static void add(String eval, List<JsonNode> lines, Html page) {
    switch (eval) {
      case "ppl" -> perplexity(lines, page);
      case "kl" -> divergence(lines, page);
      case "gsm8k" -> gsm8k(lines, page);
      case "needle" -> NeedleSection.add(lines, page);
      case "mse" -> ErrorSection.add(lines, page);
      case "figures" -> FigureSection.add(lines, page);
      case "ablation" -> ablation(lines, page);
      default -> table(page.heading(eval), lines, List.of());
    }
  }

  private static void perplexity(List<JsonNode> lines, Html page) {
    page.heading("Perplexity")
        .paragraph(
            "Exponential of the mean negative log-likelihood over windows that do not overlap;"
                + " lower is better.");
    table(page, lines, List.of("ppl", "tokens"));
    bars(page, lines, "ppl", "perplexity", List.of());
    page.figure(
        Charts.points(
            "bits per element, all metadata counted",
            "perplexity",
            Lines.names(lines),
            Lines.numbers(lines, "avg_bits"),
            Lines.numbers(lines, "ppl")),
        "What the bits buy");
    Map<String, List<Double>> windows = new LinkedHashMap<>();
    List<String> names = Lines.names(lines);
    for (int i = 0; i < lines.size(); i++) {
      windows.put(names.get(i), Lines.list(lines.get(i).path("window_nll")));
    }
    page.figure(
        Charts.lines("window", "negative log-likelihood, nats per token", windows),
        "Window by window");
  }

  private static void divergence(List<JsonNode> lines, Html page) {
    page.heading("Divergence from the FP16 cache")
        .paragraph(
            "Mean KL divergence of next-token distributions, in nats, and how often the most likely"
                + " token is the same. Standard errors over windows.");
    table(page, lines, List.of("kl", "kl_stderr", "top1", "top1_stderr"));
    bars(page, lines, "kl", "KL divergence, nats", Lines.numbers(lines, "kl_stderr"));
    bars(page, lines, "top1", "top-1 agreement", Lines.numbers(lines, "top1_stderr"));
  }

  private static void gsm8k(List<JsonNode> lines, Html page) {
    page.heading("GSM8K")
        .paragraph(
            "Share of right numbers, greedy, after worked examples; the interval is Wilson's at"
                + " 95 %.");
    table(
        page, lines, List.of("accuracy", "accuracy_low", "accuracy_high", "correct", "no_number"));
    bars(page, lines, "accuracy", "accuracy", halfWidths(lines));
  }

  private static void ablation(List<JsonNode> lines, Html page) {
    Map<Integer, List<JsonNode>> tables = new TreeMap<>();
    lines.forEach(line ->
        tables.computeIfAbsent(line.path("table").asInt(), _ -> new ArrayList<>()).add(line));
    List<JsonNode> compared = tables.getOrDefault(COMPARED, List.of());
    tables.forEach((number, rows) -> {
      if (number != COMPARED || tables.size() == 1) {
        page.heading("Ablation: Table " + number + " of the RotateKV paper");
        List<JsonNode> all =
            number == COMPARED ? rows : Stream.concat(compared.stream(), rows.stream()).toList();
        table(page, all, List.of("row", "ppl"));
        bars(page, all, "ppl", "perplexity", List.of());
      }
    });
  }

  /** Half the width of each line's interval, as an error bar. */
  static List<Double> halfWidths(List<JsonNode> lines) {
    return lines.stream()
        .map(line ->
            (line.path("accuracy_high").asDouble() - line.path("accuracy_low").asDouble()) / 2)
        .toList();
  }

  /** The lines as a table: what all evaluations have, then these figures. */
  static void table(Html page, List<JsonNode> lines, List<String> figures) {
    List<String> columns = Stream.concat(COMMON.stream(), figures.stream()).toList();
    page.table(
        columns,
        lines.stream()
            .map(line -> columns.stream().map(column -> Lines.cell(line.path(column))).toList())
            .toList());
  }

  static void bars(
      Html page, List<JsonNode> lines, String figure, String title, List<Double> errors) {
    List<Double> values = Lines.numbers(lines, figure);
    List<Double> bars = errors.isEmpty() ? values.stream().map(_ -> 0.0).toList() : errors;
    page.figure(Charts.bars(title, Lines.names(lines), values, bars), title + " by codec");
  }
}
