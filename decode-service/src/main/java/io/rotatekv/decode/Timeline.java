package io.rotatekv.decode;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** When a request reached what on its way to the first token, for its line in the debug log. */
final class Timeline {

  private record Mark(String what, double millis) {

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s %.1f ms", what, millis);
    }
  }

  private final long start = System.nanoTime();
  private final List<Mark> marks = new ArrayList<>();

  /** Milliseconds since the request came. */
  double millis() {
    return (System.nanoTime() - start) * 1e-6;
  }

  void mark(String what) {
    marks.add(new Mark(what, millis()));
  }

  /** Written out here, so that nothing is unless somebody reads it. */
  @Override
  public String toString() {
    return marks.stream().map(Mark::toString).collect(Collectors.joining(", "));
  }
}
