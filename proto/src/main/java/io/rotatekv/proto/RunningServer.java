package io.rotatekv.proto;

import io.grpc.Server;
import io.grpc.protobuf.services.HealthStatusManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server that listens. Closing it tells the health service first, lets the calls that run end
 * within the drain time, cancels the rest, and then closes what the services used.
 */
public final class RunningServer implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(RunningServer.class);
  private static final Duration CANCEL_TIME = Duration.ofSeconds(5);

  private final Server server;
  private final HealthStatusManager health;
  private final ExecutorService executor;
  private final ServerOptions options;
  private final List<AutoCloseable> resources;
  private final AtomicBoolean closed = new AtomicBoolean();

  RunningServer(
      Server server,
      HealthStatusManager health,
      ExecutorService executor,
      ServerOptions options,
      List<AutoCloseable> resources) {
    this.server = server;
    this.health = health;
    this.executor = executor;
    this.options = options;
    this.resources = resources;
  }

  /** The port it listens on, also where the configuration said 0. */
  public int port() {
    return server.getPort();
  }

  /** The address as {@code host:port}, with the port it listens on. */
  public String address() {
    return options.host() + ":" + port();
  }

  /** Waits until the server has been closed and its calls have ended. */
  public void awaitTermination() throws InterruptedException {
    server.awaitTermination();
  }

  /** Drains and stops the server; does nothing the second time. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    health.enterTerminalState();
    server.shutdown();
    if (!awaited(options.drain())) {
      log.warn("calls still ran {} after the stop was asked for; cancelling them", options.drain());
      server.shutdownNow();
      awaited(CANCEL_TIME);
    }
    stopExecutor();
    resources.forEach(RunningServer::closeQuietly);
  }

  private boolean awaited(Duration time) {
    try {
      return server.awaitTermination(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Lets handlers that still run end, for an interrupt inside a mapped file's lock is no good. */
  private void stopExecutor() {
    executor.shutdown();
    try {
      if (executor.awaitTermination(CANCEL_TIME.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    executor.shutdownNow();
  }

  private static void closeQuietly(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      log.warn("could not close {}", resource, e);
    }
  }
}
