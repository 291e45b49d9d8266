package io.rotatekv.cli.console;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/** What the command talks to. */
public final class Terminal {

  /** Moves to the upper left and clears the screen (ECMA-48: CUP, ED). */
  private static final String CLEAR = "\033[H\033[2J";

  private Terminal() {}

  /** Whether there is a terminal to draw on, rather than a file or a pipe. */
  public static boolean isPresent() {
    return isTerminal(System.console());
  }

  /**
   * A text in place of all that the terminal shows, as far as it fits; the cursor stays at its end.
   */
  public static String screen(String text) {
    return CLEAR + TerminalSize.now().clip(text);
  }

  private static boolean isTerminal(@Nullable Console console) {
    return console != null && console.isTerminal();
  }
}
