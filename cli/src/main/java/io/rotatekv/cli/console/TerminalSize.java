package io.rotatekv.cli.console;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How much a terminal shows.
 *
 * @param rows lines
 * @param columns characters of a line
 */
public record TerminalSize(int rows, int columns) {

  private static final TerminalSize UNKNOWN =
      new TerminalSize(Integer.MAX_VALUE, Integer.MAX_VALUE);
  private static final File TERMINAL = new File("/dev/tty");

  /** The size now, by POSIX's {@code stty}; without bounds where that cannot tell. */
  public static TerminalSize now() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(TERMINAL)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return parse(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      return UNKNOWN; // no such program
    }
  }

  /** Reads {@code 24 80}. */
  static TerminalSize parse(String text) {
    String[] numbers = text.strip().split(" ", -1);
    if (numbers.length != 2
        || !Stream.of(numbers).allMatch(number -> number.matches("[0-9]{1,5}"))) {
      return UNKNOWN;
    }
    int rows = Integer.parseInt(numbers[0]);
    int columns = Integer.parseInt(numbers[1]);
    return rows == 0 || columns == 0 ? UNKNOWN : new TerminalSize(rows, columns);
  }

  /**
   * The part of a text that fits, so that none of it wraps or scrolls, with its end cut off at the
   * right and at the bottom; without a last line break.
   */
  public String clip(String text) {
    List<String> lines = text.lines().toList();
    return lines.stream().limit(rows).map(this::clipLine).collect(Collectors.joining("\n"));
  }

  private String clipLine(String line) {
    int length = line.codePointCount(0, line.length());
    return length <= columns ? line : line.substring(0, line.offsetByCodePoints(0, columns));
  }
}
