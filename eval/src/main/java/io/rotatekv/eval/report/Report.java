package io.rotatekv.eval.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.TreeSet;

/** A page about the lines of evaluations: tables and charts, in one file that needs no other. */
public final class Report {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6673; --rule: #dde2e8; --page: #fff; }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e4e8ee; --soft: #9aa5b3; --rule: #343c47; --page: #14181d; }
        figure img { filter: invert(0.92) hue-rotate(180deg); }
      }
      body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: var(--ink); background: var(--page);
        font: 15px/1.5 system-ui, sans-serif; }
      h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
      th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
      th:first-child, td:first-child { text-align: left; }
      th, figcaption, .origin { color: var(--soft); font-weight: 500; }
      figure { margin: 1.5rem 0; } figure img { max-width: 100%; height: auto; }
      code { font-size: .9em; overflow-wrap: anywhere; }
      """;

  private Report() {}

  /**
   * Refuses a Java that cannot draw charts.
   *
   * @throws io.rotatekv.eval.run.EvalException with the cure
   */
  public static void requireCharts() {
    Charts.requireText();
  }

  /**
   * The page.
   *
   * @param lines rows as JSON, as evaluations print them
   * @param command the command that made it
   */
  public static String html(List<JsonNode> lines, String command) {
    Map<String, List<JsonNode>> evals = new LinkedHashMap<>();
    lines.forEach(line ->
        evals.computeIfAbsent(line.path("eval").asText(), _ -> new ArrayList<>()).add(line));
    Html page = new Html();
    evals.forEach((eval, rows) -> Sections.add(eval, rows, page));
    String models = Html.escape(String.join(", ", distinct(lines, "model")));
    return """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>rotatekv eval: %s</title>
    <style>
    %s</style>
    </head>
    <body>
    <h1>What the KV cache costs %s</h1>
    <p class="origin">Texts: %s<br>Commit %s, %s<br><code>%s</code></p>
    %s</body>
    </html>
    """
        .formatted(
            models,
            STYLE,
            models,
            Html.escape(String.join("; ", texts(lines))),
            Html.escape(String.join(", ", distinct(lines, "commit"))),
            Html.escape(String.join(", ", distinct(lines, "date"))),
            Html.escape(command),
            page);
  }

  private static SequencedSet<String> distinct(List<JsonNode> lines, String field) {
    SequencedSet<String> values = new TreeSet<>();
    lines.forEach(line -> values.add(line.path(field).asText()));
    return values;
  }

  private static SequencedSet<String> texts(List<JsonNode> lines) {
    SequencedSet<String> texts = new TreeSet<>();
    lines.forEach(line ->
        texts.add(
            "%s (SHA-256 %s)"
                .formatted(line.path("text").asText(), line.path("text_sha256").asText())));
    return texts;
  }
}
