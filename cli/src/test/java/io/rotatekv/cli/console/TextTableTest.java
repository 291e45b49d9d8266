package io.rotatekv.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TextTableTest {

  @Test
  void alignsFirstColumnLeftAndOthersRight() {
    assertEquals(
        """
        ┌──────┬───────┐
        │      │ count │
        ├──────┼───────┤
        │ a    │     1 │
        │ beté │ 1,000 │
        └──────┴───────┘
        """,
        new TextTable("", "count").row("a", "1").row("beté", "1,000").toString());
  }

  @Test
  void refusesARowOfAnotherLength() {
    TextTable table = new TextTable("a", "b");
    assertThrows(IllegalArgumentException.class, () -> table.row("1"));
  }
}
