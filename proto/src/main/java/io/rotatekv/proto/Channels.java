package io.rotatekv.proto;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;

/**
 * Opens channels to other nodes. Bulk data has channels of its own, so that a lookup never waits
 * behind a megabyte of blocks. All are plaintext: TLS belongs in {@link #builder}, the one place
 * that knows.
 */
public final class Channels {

  private static final int KEEP_ALIVE_SECONDS = 20;
  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 5;
  private static final int CLOSE_SECONDS = 5;

  private Channels() {}

  /**
   * A channel for small calls to {@code host:port}; spreads them over all addresses of the name.
   */
  public static ManagedChannel control(String target) {
    return builder(target).defaultLoadBalancingPolicy("round_robin").build();
  }

  /** A channel for bulk streams to {@code host:port}. */
  public static ManagedChannel data(String target) {
    return builder(target).flowControlWindow(Wire.WINDOW_BYTES).build();
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
        .maxInboundMessageSize(Wire.MAX_MESSAGE_BYTES)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
