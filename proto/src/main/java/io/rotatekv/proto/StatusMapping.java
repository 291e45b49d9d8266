package io.rotatekv.proto;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.rotatekv.v1.ErrorDetail;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where failures become gRPC statuses and back.
 *
 * <p>What is not foreseen becomes INTERNAL with an incident id: the log holds the stack trace under
 * it, and the caller learns nothing of the inside.
 */
public final class StatusMapping {

  /** The trailer that holds the {@link ErrorDetail}. */
  public static final Metadata.Key<ErrorDetail> DETAIL =
      Metadata.Key.of(
          "rotatekv-error-bin", ProtoUtils.metadataMarshaller(ErrorDetail.getDefaultInstance()));

  private static final Logger log = LoggerFactory.getLogger(StatusMapping.class);

  private StatusMapping() {}

  /** The status and trailers that tell a caller of a failure. Logs what is not foreseen. */
  public static StatusRuntimeException toStatus(Throwable failure) {
    return switch (failure) {
      case ServiceException e -> toStatus(e);
      case StatusRuntimeException e
          when e.getStatus().getCause() instanceof InvalidProtocolBufferException parse ->
          malformed(parse);
      case StatusRuntimeException e -> e;
      case StatusException e -> new StatusRuntimeException(e.getStatus(), e.getTrailers());
      case InvalidProtocolBufferException e -> malformed(e);
      case CancellationException e ->
          toStatus(new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "cancelled", e));
      case InterruptedException e ->
          toStatus(new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e));
      default -> incident(failure);
    };
  }

  /**
   * The failure that a caller sees as an exception of gRPC, with the reason that the peer gave, or
   * the nearest one to its status; any other throwable becomes an internal one.
   *
   * @param peer what messages call the other side, such as {@code the store at host:port}
   */
  public static ServiceException fromStatus(Throwable failure, String peer) {
    return switch (failure) {
      case ServiceException e -> e;
      case StatusRuntimeException e -> fromStatus(e.getStatus(), e.getTrailers(), peer, e);
      case StatusException e -> fromStatus(e.getStatus(), e.getTrailers(), peer, e);
      default ->
          new ServiceException(
              ErrorReason.ERROR_REASON_INTERNAL, String.valueOf(failure.getMessage()), failure);
    };
  }

  /** The status code that a reason travels with, as {@code common.proto} lists them. */
  public static Status.Code code(ErrorReason reason) {
    return switch (reason) {
      case ERROR_REASON_INVALID_REQUEST, ERROR_REASON_CONTEXT_TOO_LONG ->
          Status.Code.INVALID_ARGUMENT;
      case ERROR_REASON_MODEL_MISMATCH,
          ERROR_REASON_CODEC_MISMATCH,
          ERROR_REASON_STALE_GENERATION ->
          Status.Code.FAILED_PRECONDITION;
      case ERROR_REASON_CORRUPT_BLOCK -> Status.Code.DATA_LOSS;
      case ERROR_REASON_STORE_FULL, ERROR_REASON_QUOTA_EXCEEDED, ERROR_REASON_OVERLOADED ->
          Status.Code.RESOURCE_EXHAUSTED;
      case ERROR_REASON_UNKNOWN_TENANT -> Status.Code.PERMISSION_DENIED;
      case ERROR_REASON_DRAINING, ERROR_REASON_UNAVAILABLE, ERROR_REASON_CIRCUIT_OPEN ->
          Status.Code.UNAVAILABLE;
      case ERROR_REASON_TIMEOUT -> Status.Code.DEADLINE_EXCEEDED;
      case ERROR_REASON_CANCELLED -> Status.Code.CANCELLED;
      case ERROR_REASON_PUT_EXPIRED -> Status.Code.ABORTED;
      case ERROR_REASON_STORAGE, ERROR_REASON_INTERNAL, ERROR_REASON_UNSPECIFIED, UNRECOGNIZED ->
          Status.Code.INTERNAL;
    };
  }

  private static StatusRuntimeException toStatus(ServiceException e) {
    return status(
        e,
        ErrorDetail.newBuilder()
            .setReason(e.reason())
            .setRetryAfterMs((int) Math.min(Integer.MAX_VALUE, e.retryAfter().toMillis()))
            .build());
  }

  private static StatusRuntimeException malformed(InvalidProtocolBufferException e) {
    return toStatus(ServiceException.invalid("the request cannot be parsed: " + e.getMessage()));
  }

  private static StatusRuntimeException incident(Throwable failure) {
    String id = "%08x".formatted(ThreadLocalRandom.current().nextInt());
    log.error("incident {}", id, failure);
    ErrorReason reason = ErrorReason.ERROR_REASON_INTERNAL;
    return status(
        new ServiceException(
            reason, "internal error; the node's log has it as incident " + id, failure),
        ErrorDetail.newBuilder().setReason(reason).setIncidentId(id).build());
  }

  private static StatusRuntimeException status(ServiceException e, ErrorDetail detail) {
    Metadata trailers = new Metadata();
    trailers.put(DETAIL, detail);
    return code(e.reason())
        .toStatus()
        .withDescription(e.getMessage())
        .withCause(e)
        .asRuntimeException(trailers);
  }

  private static ServiceException fromStatus(
      Status status, @Nullable Metadata trailers, String peer, Throwable cause) {
    ErrorDetail detail = trailers == null ? null : trailers.get(DETAIL);
    if (detail == null) {
      return new ServiceException(nearest(status.getCode()), untold(status, peer), cause);
    }
    return new ServiceException(
        detail.getReason(),
        description(status),
        Duration.ofMillis(detail.getRetryAfterMs()),
        cause);
  }

  /** What to say of a failure that the peer did not tell of itself. */
  private static String untold(Status status, String peer) {
    return switch (status.getCode()) {
      case UNAVAILABLE -> "%s cannot be reached: %s".formatted(peer, root(status));
      case DEADLINE_EXCEEDED -> "%s did not answer in time".formatted(peer);
      default -> "%s failed: %s".formatted(peer, root(status));
    };
  }

  /** gRPC says "io exception" where the exception behind it says "Connection refused". */
  private static String root(Status status) {
    Throwable cause = status.getCause();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause == null || cause.getMessage() == null ? description(status) : cause.getMessage();
  }

  private static String description(Status status) {
    return status.getDescription() == null ? status.getCode().name() : status.getDescription();
  }

  private static ErrorReason nearest(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED, FAILED_PRECONDITION ->
          ErrorReason.ERROR_REASON_INVALID_REQUEST;
      case UNAVAILABLE -> ErrorReason.ERROR_REASON_UNAVAILABLE;
      case DEADLINE_EXCEEDED -> ErrorReason.ERROR_REASON_TIMEOUT;
      case CANCELLED -> ErrorReason.ERROR_REASON_CANCELLED;
      case RESOURCE_EXHAUSTED -> ErrorReason.ERROR_REASON_OVERLOADED;
      case DATA_LOSS -> ErrorReason.ERROR_REASON_CORRUPT_BLOCK;
      default -> ErrorReason.ERROR_REASON_INTERNAL;
    };
  }
}
