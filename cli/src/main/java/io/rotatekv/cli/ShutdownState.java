package io.rotatekv.cli;

/** Tells whether this JVM is on its way out. */
final class ShutdownState {

  private ShutdownState() {}

  // The platform has no query; a hook is refused exactly when shutdown has begun.
  static boolean isShuttingDown() {
    Thread probe = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(probe);
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }
}
