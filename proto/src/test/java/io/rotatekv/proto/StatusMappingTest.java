package io.rotatekv.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.rotatekv.v1.ErrorReason;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class StatusMappingTest {

  private static final String PEER = "the store at host:7000";

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNRECOGNIZED")
  void everyReasonComesBackAsItWent(ErrorReason reason) {
    ServiceException sent = new ServiceException(reason, "why", Duration.ofMillis(1500));
    StatusRuntimeException status = StatusMapping.toStatus(sent);
    assertEquals(StatusMapping.code(reason), status.getStatus().getCode());
    ServiceException received =
        StatusMapping.fromStatus(
            Status.fromCode(status.getStatus().getCode())
                .withDescription(status.getStatus().getDescription())
                .asRuntimeException(status.getTrailers()),
            PEER);
    assertEquals(reason, received.reason());
    assertEquals("why", received.getMessage());
    assertEquals(Duration.ofMillis(1500), received.retryAfter());
  }

  @Test
  void theUnforeseenShowsAnIncidentAndNothingOfTheInside() {
    StatusRuntimeException status =
        StatusMapping.toStatus(new IllegalStateException("secret path"));
    assertEquals(Status.Code.INTERNAL, status.getStatus().getCode());
    var detail = detail(status);
    assertEquals(ErrorReason.ERROR_REASON_INTERNAL, detail.getReason());
    String description = String.valueOf(status.getStatus().getDescription());
    assertTrue(description.contains(detail.getIncidentId()), description);
    assertEquals(8, detail.getIncidentId().length());
    assertFalse(description.contains("secret"), description);
  }

  private static io.rotatekv.v1.ErrorDetail detail(StatusRuntimeException status) {
    var trailers = status.getTrailers();
    assertNotNull(trailers);
    var detail = trailers.get(StatusMapping.DETAIL);
    assertNotNull(detail);
    return detail;
  }

  @Test
  void aPeerThatTellsNothingIsNamedWithTheRootOfTheFailure() {
    Throwable refused = new IOException("io exception", new IOException("Connection refused"));
    assertEquals(
        "the store at host:7000 cannot be reached: Connection refused",
        message(Status.UNAVAILABLE.withDescription("io exception").withCause(refused)));
    assertEquals(
        "the store at host:7000 cannot be reached: no address",
        message(Status.UNAVAILABLE.withDescription("no address")));
    assertEquals(
        "the store at host:7000 did not answer in time",
        message(Status.DEADLINE_EXCEEDED.withDescription("after 1.9999 s of 2")));
    assertEquals(
        "the store at host:7000 failed: HTTP/1.1 400",
        message(Status.INTERNAL.withDescription("HTTP/1.1 400")));
  }

  private static String message(Status status) {
    return String.valueOf(StatusMapping.fromStatus(status.asRuntimeException(), PEER).getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "UNAVAILABLE, ERROR_REASON_UNAVAILABLE",
    "DEADLINE_EXCEEDED, ERROR_REASON_TIMEOUT",
    "CANCELLED, ERROR_REASON_CANCELLED",
    "INVALID_ARGUMENT, ERROR_REASON_INVALID_REQUEST",
    "UNIMPLEMENTED, ERROR_REASON_INVALID_REQUEST",
    "RESOURCE_EXHAUSTED, ERROR_REASON_OVERLOADED",
    "UNKNOWN, ERROR_REASON_INTERNAL"
  })
  void aStatusWithoutDetailGetsTheNearestReason(Status.Code code, ErrorReason reason) {
    assertEquals(reason, StatusMapping.fromStatus(code.toStatus().asException(), PEER).reason());
  }
}
