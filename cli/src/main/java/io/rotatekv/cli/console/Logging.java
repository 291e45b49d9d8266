package io.rotatekv.cli.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Levels of logging. Logs go to standard error; {@code logback.xml} holds their form. */
public final class Logging {

  private Logging() {}

  /** Sends java.util.logging, which gRPC uses, the same way as the rest. */
  public static void start() {
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  /** For services: one line per noteworthy event. */
  public static void services() {
    if (!own().isDebugEnabled()) {
      own().setLevel(Level.INFO);
    }
  }

  /** For {@code --verbose}. */
  public static void verbose() {
    own().setLevel(Level.DEBUG);
  }

  private static Logger own() {
    return (Logger) LoggerFactory.getLogger("io.rotatekv");
  }
}
