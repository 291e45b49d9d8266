package io.rotatekv.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class AnswerTextTest {

  @Test
  void withoutStopsEverythingIsShownAtOnce() {
    AnswerText text = new AnswerText(List.of());
    assertEquals("Hello", text.append("Hello"));
    assertEquals(" world", text.append(" world"));
    assertEquals("!", text.finish("!"));
    assertFalse(text.stopped());
  }

  @Test
  void aStopSplitOverTokensIsNeverShown() {
    AnswerText text = new AnswerText(List.of("\nUser:"));
    assertEquals("Yes.", text.append("Yes.\nUs"));
    assertEquals("", text.append("er"));
    assertEquals("", text.append(": what"));
    assertTrue(text.stopped());
    assertEquals("", text.append("ever"));
    assertEquals("", text.finish("x"));
  }

  @Test
  void whatOnlyLookedLikeAStopIsShownLater() {
    AnswerText text = new AnswerText(List.of("abc"));
    assertEquals("x", text.append("xab"));
    assertEquals("abd", text.append("d"));
    assertEquals("", text.append("a"));
    assertEquals("ab", text.finish("b"));
  }

  @Test
  void theEarliestOfSeveralStopsEndsTheText() {
    AnswerText text = new AnswerText(List.of("two", "one"));
    assertEquals("zero ", text.append("zero one two"));
    assertTrue(text.stopped());
  }
}
