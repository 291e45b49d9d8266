package io.rotatekv.proto;

/**
 * A node cannot start as it is configured. The message names the cause and the cure, and is meant
 * to be shown to a person without the stack trace.
 */
public final class StartupException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public StartupException(String message) {
    super(message);
  }

  public StartupException(String message, Throwable cause) {
    super(message, cause);
  }
}
