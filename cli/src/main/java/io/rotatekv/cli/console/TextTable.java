package io.rotatekv.cli.console;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table in box-drawing characters: the first column to the left, the others to the right. */
public final class TextTable {

  private final List<List<String>> rows = new ArrayList<>();
  private final int columns;

  /** A table whose first row, set apart by a line, is {@code header}. */
  public TextTable(String... header) {
    columns = header.length;
    rows.add(List.of(header));
  }

  /** Adds a row of as many cells as the header has. */
  public TextTable row(String... cells) {
    if (cells.length != columns) {
      throw new IllegalArgumentException(
          "a row of %d cells in a table of %d columns".formatted(cells.length, columns));
    }
    rows.add(List.of(cells));
    return this;
  }

  /** The table as lines, each ended by a line feed. */
  @Override
  public String toString() {
    int[] widths = IntStream.range(0, columns).map(this::width).toArray();
    StringBuilder text = new StringBuilder(rule(widths, "┌", "┬", "┐"));
    text.append(line(rows.getFirst(), widths)).append(rule(widths, "├", "┼", "┤"));
    rows.stream().skip(1).forEach(row -> text.append(line(row, widths)));
    return text.append(rule(widths, "└", "┴", "┘")).toString();
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> characters(row.get(column))).max().orElse(0);
  }

  private static String line(List<String> row, int[] widths) {
    return IntStream.range(0, widths.length)
        .mapToObj(column -> {
          String cell = row.get(column);
          String space = " ".repeat(widths[column] - characters(cell));
          return " " + (column == 0 ? cell + space : space + cell) + " ";
        })
        .collect(Collectors.joining("│", "│", "│\n"));
  }

  private static String rule(int[] widths, String left, String middle, String right) {
    return IntStream.of(widths)
        .mapToObj(width -> "─".repeat(width + 2))
        .collect(Collectors.joining(middle, left, right + "\n"));
  }

  private static int characters(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
