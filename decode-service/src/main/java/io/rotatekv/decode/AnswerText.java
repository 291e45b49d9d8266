package io.rotatekv.decode;

import java.util.List;

/**
 * The text of an answer as it may be shown: what could become a stop text is held back until it is
 * decided, and nothing follows a stop text.
 */
final class AnswerText {

  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  AnswerText(List<String> stops) {
    this.stops = stops;
  }

  /** Whether a stop text has been generated. */
  boolean stopped() {
    return stopped;
  }

  /** Takes the text of a token; returns the text that can be shown now. */
  String append(String piece) {
    return stopped ? "" : release(piece);
  }

  /** Takes the last text; returns all that is left. */
  String finish(String piece) {
    if (stopped) {
      return "";
    }
    String shown = release(piece);
    return stopped ? shown : shown + takeAll();
  }

  private String release(String piece) {
    held.append(piece);
    int stop = firstStop();
    if (stop >= 0) {
      stopped = true;
      held.setLength(stop);
      return takeAll();
    }
    int safe = held.length() - undecided();
    String shown = held.substring(0, safe);
    held.delete(0, safe);
    return shown;
  }

  private int firstStop() {
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** Length of the longest end of the held text that begins a stop text. */
  private int undecided() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (held.substring(held.length() - n).equals(stop.substring(0, n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String takeAll() {
    String all = held.toString();
    held.setLength(0);
    return all;
  }
}
