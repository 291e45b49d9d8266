package io.rotatekv.proto;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Starts gRPC servers the way every node wants them. */
public final class GrpcServers {

  private static final int CHANNELZ_PAGE = 100;
  private static final int MIN_KEEP_ALIVE_SECONDS = 10;

  private GrpcServers() {}

  /**
   * Starts services on virtual threads, with health, reflection and channelz beside them.
   *
   * @param resources closed after the last call has ended, in this order
   * @throws StartupException if the address cannot be bound; the resources stay open
   */
  public static RunningServer start(
      ServerOptions options, List<? extends BindableService> services, AutoCloseable... resources) {
    return start(options, Executors.newVirtualThreadPerTaskExecutor(), services, resources);
  }

  /**
   * Starts services on an executor of their own, which the server then owns.
   *
   * @throws StartupException if the address cannot be bound; the resources stay open
   */
  public static RunningServer start(
      ServerOptions options,
      ExecutorService executor,
      List<? extends BindableService> services,
      AutoCloseable... resources) {
    HealthStatusManager health = new HealthStatusManager();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(options.host(), options.port()))
            .executor(executor)
            .flowControlWindow(Wire.WINDOW_BYTES)
            .withChildOption(ChannelOption.WRITE_BUFFER_WATER_MARK, BulkTransport.WRITE_BUFFER)
            .withChildOption(ChannelOption.ALLOCATOR, BulkTransport.ALLOCATOR)
            .maxInboundMessageSize(Wire.MAX_MESSAGE_BYTES)
            .permitKeepAliveTime(MIN_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .addService(ChannelzService.newInstance(CHANNELZ_PAGE));
    addServices(builder, services);
    Server server = builder.build();
    try {
      server.start();
    } catch (IOException e) {
      executor.close();
      throw cannotListen(options, e);
    }
    return new RunningServer(server, health, executor, options, List.of(resources));
  }

  /** Adds services to any server, an in-process one say, with the error mapping of every node. */
  public static void addServices(
      ServerBuilder<?> builder, List<? extends BindableService> services) {
    ErrorInterceptor errors = new ErrorInterceptor();
    services.forEach(
        service -> builder.addService(LateParsing.intercept(service.bindService(), errors)));
  }

  private static StartupException cannotListen(ServerOptions options, IOException e) {
    String address = options.host() + ":" + options.port();
    boolean inUse = hasCause(e, BindException.class);
    return new StartupException(
        inUse
            ? "cannot listen on %s: the port is in use or the address is not this machine's; stop the process that holds the port, or set port to another (0 picks a free one)"
                .formatted(address)
            : "cannot listen on %s: %s".formatted(address, e.getMessage()),
        e);
  }

  private static boolean hasCause(Throwable failure, Class<? extends Throwable> type) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return true;
      }
    }
    return false;
  }
}
