package io.rotatekv.decode;

import io.rotatekv.model.tokenizer.TokenStream;
import java.util.List;

/**
 * The text of an answer as it may be shown: what could become a stop text is held back until it is
 * decided, and nothing follows a stop text.
 */
final class AnswerText {

  private final TokenStream stream;
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  AnswerText(TokenStream stream, List<String> stops) {
    this.stream = stream;
    this.stops = stops;
  }

  /** Whether a stop text has been generated. */
  boolean stopped() {
    return stopped;
  }

  /** Takes a token; returns the text that can be shown now. */
  String append(int token) {
    return stopped ? "" : release(stream.push(token));
  }

  /** Returns the text that is left at the end. */
  String finish() {
    if (stopped) {
      return "";
    }
    String shown = release(stream.finish());
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
