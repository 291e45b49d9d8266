package io.rotatekv.store;

/** Pages cannot be read now; they may still be there. */
public final class PagesUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** A failure with what the engine says of it. */
  public PagesUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
