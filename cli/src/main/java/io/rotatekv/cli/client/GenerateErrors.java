package io.rotatekv.cli.client;

import com.google.common.net.HostAndPort;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.StatusMapping;
import io.rotatekv.v1.ErrorDetail;

/** Turns a failed call into what is wrong and what to do. */
final class GenerateErrors {

  private GenerateErrors() {}

  static CommandException explain(StatusRuntimeException e, HostAndPort target) {
    Metadata trailers = e.getTrailers();
    ErrorDetail detail = trailers == null ? null : trailers.get(StatusMapping.DETAIL);
    if (detail == null) {
      detail = ErrorDetail.getDefaultInstance();
    }
    Status.Code code = e.getStatus().getCode();
    String what = StatusMapping.fromStatus(e, "the decode node").getMessage();
    return new CommandException("%s: %s (%s)".formatted(target, what, code), cure(code, detail), e);
  }

  private static String cure(Status.Code code, ErrorDetail detail) {
    return switch (detail.getReason()) {
      case ERROR_REASON_CONTEXT_TOO_LONG -> "shorten the prompt, or ask for fewer --max-tokens";
      case ERROR_REASON_MODEL_MISMATCH -> "give all nodes the same model.path";
      case ERROR_REASON_CODEC_MISMATCH ->
          "give all nodes the same model.codec and model.calibration";
      case ERROR_REASON_OVERLOADED, ERROR_REASON_STORE_FULL ->
          detail.getRetryAfterMs() == 0
              ? "try again later"
              : "try again in %d ms".formatted(detail.getRetryAfterMs());
      case ERROR_REASON_DRAINING -> "the node is stopping; use another";
      case ERROR_REASON_INTERNAL ->
          "the node's log has the stack trace, under incident %s".formatted(detail.getIncidentId());
      default -> cure(code);
    };
  }

  private static String cure(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE -> "is a decode node running there? 'rotatekv up' starts a cluster";
      case UNIMPLEMENTED, INTERNAL, UNKNOWN ->
          "this is no decode node, or one of another version; check --target";
      case DEADLINE_EXCEEDED -> "allow more time with --timeout, or ask for fewer --max-tokens";
      case INVALID_ARGUMENT -> "change the request; a retry cannot help";
      case RESOURCE_EXHAUSTED -> "try again later";
      default -> "the decode node's log says more";
    };
  }
}
