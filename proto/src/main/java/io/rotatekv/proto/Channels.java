package io.rotatekv.proto;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.rotatekv.v1.KvStoreGrpc;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Opens channels to other nodes. Bulk data has channels of its own, so that a lookup never waits
 * behind a megabyte of blocks. All are plaintext: TLS belongs in {@link #builder}, the one place
 * that knows.
 */
public final class Channels {

  private static final int KEEP_ALIVE_SECONDS = 20;
  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 5;
  private static final int CLOSE_SECONDS = 5;

  /**
   * What may be asked again without harm where the store could not be reached. Put is not among
   * them: it outgrows what gRPC keeps for a retry, and its caller repeats it whole.
   */
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  Stream.of("LookupPrefix", "Get", "Delete", "Stats")
                      .map(method -> Map.of("service", KvStoreGrpc.SERVICE_NAME, "method", method))
                      .toList(),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts",
                      3.0,
                      "initialBackoff",
                      "0.05s",
                      "maxBackoff",
                      "0.5s",
                      "backoffMultiplier",
                      2.0,
                      "retryableStatusCodes",
                      List.of("UNAVAILABLE")))));

  private Channels() {}

  /**
   * A channel for small calls to {@code host:port}; spreads them over all addresses of the name.
   */
  public static ManagedChannel control(String target) {
    return builder(target).defaultLoadBalancingPolicy("round_robin").build();
  }

  /** A channel for bulk streams to {@code host:port}. */
  public static ManagedChannel data(String target) {
    return builder(target)
        .flowControlWindow(Wire.WINDOW_BYTES)
        .withOption(ChannelOption.WRITE_BUFFER_WATER_MARK, BulkTransport.WRITE_BUFFER)
        .withOption(ChannelOption.ALLOCATOR, BulkTransport.ALLOCATOR)
        .build();
  }

  /** Ends a channel's calls and waits until they are gone, a few seconds at most. */
  public static void close(ManagedChannel channel) {
    channel.shutdownNow();
    try {
      channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static NettyChannelBuilder builder(String target) {
    return NettyChannelBuilder.forTarget(target)
        .usePlaintext()
        .defaultServiceConfig(SERVICE_CONFIG)
        .maxInboundMessageSize(Wire.MAX_MESSAGE_BYTES)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
