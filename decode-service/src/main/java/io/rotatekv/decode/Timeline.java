package io.rotatekv.decode;

import java.util.Locale;
import java.util.StringJoiner;

/** When a request reached what on its way to the first token, for its line in the debug log. */
final class Timeline {

  private final long start = System.nanoTime();
  private final StringJoiner marks = new StringJoiner(", ");

  /** Milliseconds since the request came. */
  double millis() {
    return (System.nanoTime() - start) * 1e-6;
  }

  void mark(String what) {
    marks.add(String.format(Locale.ROOT, "%s %.1f ms", what, millis()));
  }

  @Override
  public String toString() {
    return marks.toString();
  }
}
