package io.rotatekv.proto;

import io.rotatekv.v1.ErrorReason;
import java.time.Duration;

/**
 * A failure with a reason that a caller can act on. Services throw it, {@link StatusMapping}
 * carries it over the wire, and clients get it back.
 */
public final class ServiceException extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final ErrorReason reason;
  private final Duration retryAfter;

  /**
   * A failure whose message is fit for the caller's eyes: no paths, no stack, the cure if known.
   */
  public ServiceException(ErrorReason reason, String message) {
    this(reason, message, Duration.ZERO);
  }

  /** A failure that may be gone after a time; zero where nothing is known. */
  public ServiceException(ErrorReason reason, String message, Duration retryAfter) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  /** A failure with the throwable behind it, which stays on this side of the wire. */
  public ServiceException(ErrorReason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.retryAfter = Duration.ZERO;
  }

  ServiceException(ErrorReason reason, String message, Duration retryAfter, Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }

  /** A request that can never succeed as it is. */
  public static ServiceException invalid(String message) {
    return new ServiceException(ErrorReason.ERROR_REASON_INVALID_REQUEST, message);
  }

  /** Why it failed. */
  public ErrorReason reason() {
    return reason;
  }

  /** When a retry may succeed, from now; zero where nothing is known. */
  public Duration retryAfter() {
    return retryAfter;
  }
}
