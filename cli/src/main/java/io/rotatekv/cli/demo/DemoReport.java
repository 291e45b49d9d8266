package io.rotatekv.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.client.Answer;
import io.rotatekv.cli.config.ByteSize;
import io.rotatekv.cli.console.TextTable;
import io.rotatekv.v1.GenerateSummary;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** The figures of the answers, as the decode node measured them. */
public record DemoReport(List<Answer> answers) {

  public DemoReport {
    answers = List.copyOf(answers);
  }

  /** A table with one column per question. */
  public String table() {
    TextTable table = new TextTable(cells("", i -> "question " + (i + 1)));
    add(table, "prompt tokens", a -> count(a.summary().getPromptTokens()));
    add(table, "prefix hit, tokens", a -> count(a.summary().getCachedPrefixTokens()));
    add(table, "time to first token", a -> decimal(a.summary().getTtftMs(), 0) + " ms");
    add(table, "generated tokens", a -> count(a.summary().getGeneratedTokens()));
    add(table, "decode, tokens/s", a -> decimal(a.decodeTokensPerSecond(), 1));
    add(table, "KV stored", a -> new ByteSize(a.summary().getKvBytes()).toString());
    add(table, "KV in FP16", a -> new ByteSize(a.summary().getFp16KvBytes()).toString());
    add(table, "FP16 / stored", DemoReport::ratio);
    add(table, "bits per element", a -> decimal(a.averageBits(), 3));
    add(table, "blocks put", a -> count(a.summary().getBlocksPut()));
    add(table, "blocks got", a -> count(a.summary().getBlocksGot()));
    return table.toString();
  }

  /** One line on what the shared prefix was worth. */
  public String conclusion() {
    GenerateSummary first = answers.getFirst().summary();
    GenerateSummary last = answers.getLast().summary();
    return "The last question took %d of its %d prompt tokens from the store; its first token came %s times as fast."
        .formatted(
            last.getCachedPrefixTokens(),
            last.getPromptTokens(),
            decimal(first.getTtftMs() / last.getTtftMs(), 1));
  }

  /**
   * One object: {@code texts} and {@code ttft_ms} per question, everything else over all of them.
   * Tokens that questions share count for each in {@code kv_bytes} and {@code fp16_kv_bytes}.
   */
  public ObjectNode json() {
    ObjectNode object = new ObjectMapper().createObjectNode();
    answers.stream().map(Answer::text).forEach(object.putArray("texts")::add);
    answers.stream().map(a -> a.summary().getTtftMs()).forEach(object.putArray("ttft_ms")::add);
    object.put("decode_tok_s", decodeTokensPerSecond());
    long stored = sum(GenerateSummary::getKvBytes);
    long fp16 = sum(GenerateSummary::getFp16KvBytes);
    object.put("kv_bytes", stored);
    object.put("fp16_kv_bytes", fp16);
    object.put("avg_bits", fp16 == 0 ? 0 : 16.0 * stored / fp16);
    object.put("blocks_put", sum(GenerateSummary::getBlocksPut));
    object.put("blocks_got", sum(GenerateSummary::getBlocksGot));
    object.put("prefix_hit_tokens", sum(GenerateSummary::getCachedPrefixTokens));
    return object;
  }

  private double decodeTokensPerSecond() {
    long following = sum(summary -> Math.max(0, summary.getGeneratedTokens() - 1));
    double ms = answers.stream().mapToDouble(a -> a.summary().getDecodeMs()).sum();
    return ms == 0 ? 0 : following * 1000 / ms;
  }

  private long sum(ToLongFunction<GenerateSummary> figure) {
    return answers.stream().map(Answer::summary).mapToLong(figure).sum();
  }

  private void add(TextTable table, String name, Function<Answer, String> figure) {
    table.row(cells(name, i -> figure.apply(answers.get(i))));
  }

  private String[] cells(String name, Function<Integer, String> cell) {
    String[] cells = new String[answers.size() + 1];
    cells[0] = name;
    for (int i = 0; i < answers.size(); i++) {
      cells[i + 1] = cell.apply(i);
    }
    return cells;
  }

  private static String ratio(Answer answer) {
    GenerateSummary summary = answer.summary();
    return summary.getKvBytes() == 0
        ? "-"
        : decimal((double) summary.getFp16KvBytes() / summary.getKvBytes(), 2) + "x";
  }

  private static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String decimal(double value, int places) {
    return String.format(Locale.ROOT, "%,." + places + "f", value);
  }
}
