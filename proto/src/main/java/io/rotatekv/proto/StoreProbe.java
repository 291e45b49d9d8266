package io.rotatekv.proto;

import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes an open breaker without the help of callers: as soon as the store may be asked again, it
 * is, so that no request pays for finding out whether a dead store has come back.
 */
final class StoreProbe implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StoreProbe.class);

  /** After a probe that came a little before the breaker lets one through. */
  private static final Duration AGAIN = Duration.ofMillis(50);

  private final StoreGate gate;
  private final Runnable call;
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(
          1,
          Thread.ofPlatform().name("store-probe").daemon().factory(),
          new ThreadPoolExecutor.DiscardPolicy());

  /**
   * A probe that watches the gate from now on.
   *
   * @param call makes one small call through the gate
   */
  StoreProbe(StoreGate gate, Duration openFor, Runnable call) {
    this.gate = gate;
    this.call = call;
    gate.onOpen(() -> probeIn(openFor));
  }

  private void probeIn(Duration delay) {
    var _ = timer.schedule(this::probe, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void probe() {
    try {
      call.run();
    } catch (ServiceException e) {
      log.debug("the store is still not well", e);
      if (e.reason() == ErrorReason.ERROR_REASON_CIRCUIT_OPEN && gate.isOpen()) {
        probeIn(AGAIN);
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
