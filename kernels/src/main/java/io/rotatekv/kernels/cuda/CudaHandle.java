package io.rotatekv.kernels.cuda;

import java.util.concurrent.atomic.AtomicBoolean;

/** A thing of the driver that must be given back: once, from whichever thread comes first. */
abstract class CudaHandle implements AutoCloseable {

  private final CudaDevice device;
  private final AtomicBoolean closed = new AtomicBoolean();

  CudaHandle(CudaDevice device) {
    this.device = device;
  }

  final CudaDevice device() {
    return device;
  }

  /** Gives the thing back to the driver, with the device's context current. */
  abstract void destroy();

  /**
   * Gives this back; closing again does nothing. Must come before the device is closed.
   *
   * @throws CudaException if the driver refuses, or if work that was queued earlier has failed
   */
  @Override
  public final void close() {
    if (closed.compareAndSet(false, true)) {
      device.makeCurrent();
      destroy();
    }
  }
}
