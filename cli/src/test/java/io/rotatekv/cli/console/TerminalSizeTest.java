package io.rotatekv.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TerminalSizeTest {

  @Test
  void aTextIsCutAtTheRightAndAtTheBottom() {
    assertEquals("┌──\nabc", new TerminalSize(2, 3).clip("┌────\nabcd\nthird\n"));
  }

  @Test
  void aTextThatFitsLosesItsLastLineBreakAlone() {
    assertEquals("one\ntwo", new TerminalSize(2, 3).clip("one\ntwo\n"));
  }

  @Test
  void aSizeThatCannotBeToldCutsNothing() {
    for (String said : new String[] {"", "0 0", "stty: error", "24", "999999 1"}) {
      assertEquals("a long line\n\nend", TerminalSize.parse(said).clip("a long line\n\nend\n"));
    }
    assertEquals(new TerminalSize(24, 80), TerminalSize.parse("24 80\n"));
  }
}
