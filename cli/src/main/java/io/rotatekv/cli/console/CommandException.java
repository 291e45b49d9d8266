package io.rotatekv.cli.console;

/**
 * A failure that the user can understand and mend: one line of what is wrong, and what to do about
 * it. The command prints both, without a stack trace.
 */
public final class CommandException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String cure;

  /**
   * A failure.
   *
   * @param cure what to do, one or more lines; empty where the message says it all
   */
  public CommandException(String message, String cure) {
    super(message);
    this.cure = cure;
  }

  /** As above, with the exception that {@code --verbose} shows. */
  public CommandException(String message, String cure, Throwable cause) {
    super(message, cause);
    this.cure = cure;
  }

  /** What to do about it; may be empty. */
  public String cure() {
    return cure;
  }
}
