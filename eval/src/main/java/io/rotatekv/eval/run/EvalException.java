package io.rotatekv.eval.run;

import org.jspecify.annotations.Nullable;

/** An evaluation that cannot be made or would mislead; the message says what helps. */
public final class EvalException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** A refusal. */
  public EvalException(String message) {
    this(message, null);
  }

  /** A failure with its cause. */
  public EvalException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
