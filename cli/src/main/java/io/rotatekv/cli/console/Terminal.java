package io.rotatekv.cli.console;

import java.io.Console;
import org.jspecify.annotations.Nullable;

/** What the command talks to. */
public final class Terminal {

  /** Moves to the upper left and clears the screen (ECMA-48: CUP, ED). */
  public static final String CLEAR = "\033[H\033[2J";

  private Terminal() {}

  /** Whether there is a terminal to draw on, rather than a file or a pipe. */
  public static boolean isPresent() {
    return isTerminal(System.console());
  }

  private static boolean isTerminal(@Nullable Console console) {
    return console != null && console.isTerminal();
  }
}
