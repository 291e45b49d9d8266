package io.rotatekv.cli.cluster;

import com.google.common.net.HostAndPort;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.Channels;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/** Waits until a service says that it serves, by gRPC's health protocol. */
final class HealthWait {

  private HealthWait() {}

  /**
   * Returns once the service at {@code address} is SERVING.
   *
   * @throws CommandException where it is not within {@code timeout}
   */
  static void awaitServing(String name, HostAndPort address, Duration timeout) {
    ManagedChannel channel = Channels.control(address.toString());
    ServingStatus last = ServingStatus.UNKNOWN;
    try {
      Iterator<HealthCheckResponse> statuses =
          HealthGrpc.newBlockingStub(channel)
              .withWaitForReady()
              .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
              .watch(HealthCheckRequest.getDefaultInstance());
      while (statuses.hasNext()) {
        last = statuses.next().getStatus();
        if (last == ServingStatus.SERVING) {
          return;
        }
      }
      throw new CommandException(name + " ended its health stream while " + last, "");
    } catch (StatusRuntimeException e) {
      throw new CommandException(
          "%s at %s is %s, not SERVING, after %d s"
              .formatted(name, address, last, timeout.toSeconds()),
          e.getStatus().toString(),
          e);
    } finally {
      Channels.close(channel);
    }
  }
}
