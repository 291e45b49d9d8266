package io.rotatekv.cli;

import io.rotatekv.cli.cluster.ReadyLine;
import io.rotatekv.proto.RunningServer;
import java.io.IOException;
import java.io.PrintWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a service up until it is asked to stop, and lets it drain then. */
final class ServiceRunner {

  private static final Logger log = LoggerFactory.getLogger(ServiceRunner.class);

  private ServiceRunner() {}

  /**
   * Prints the ready line and returns once the server has ended.
   *
   * @param exitWithParent also stop when standard input ends, which it does when a parent dies
   */
  static void run(RunningServer server, boolean exitWithParent, PrintWriter out)
      throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "drain"));
    out.println(ReadyLine.format(server.address()));
    out.flush();
    if (exitWithParent) {
      Thread.ofPlatform().daemon().name("parent-watch").start(ServiceRunner::exitAtEndOfInput);
    }
    server.awaitTermination();
  }

  private static void exitAtEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        // What a parent writes means nothing; only that it is there.
      }
    } catch (IOException e) {
      log.warn("lost the parent process", e);
    }
    System.exit(0);
  }
}
