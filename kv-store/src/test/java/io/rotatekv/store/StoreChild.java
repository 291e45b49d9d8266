package io.rotatekv.store;

import io.rotatekv.proto.RunningServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A store in a process of its own, to be killed. It ends with its parent. */
final class StoreChild implements AutoCloseable {

  private final Process process;
  private final String address;

  private StoreChild(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts a store of 64 MiB on a file and waits until it serves. */
  static StoreChild start(Path file) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--") || argument.startsWith("-D"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            StoreChild.class.getName(),
            file.toString()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String address = process.inputReader(StandardCharsets.UTF_8).readLine();
    if (address == null) {
      throw new IllegalStateException("the store did not start; its message is above");
    }
    return new StoreChild(process, address);
  }

  String address() {
    return address;
  }

  /** Ends it as {@code kill -9} does, and waits until it is gone. */
  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  @Override
  public void close() {
    kill();
  }

  /** Serves until its standard input ends. */
  public static void main(String[] args) throws IOException {
    StoreConfig config =
        StoreConfig.defaults()
            .withPageBytes(16 << 10)
            .withCapacity(64 << 20)
            .withLease(Duration.ZERO)
            .withFile(Path.of(args[0]));
    RunningServer server = KvStoreServer.start(config);
    System.out.println(server.address());
    while (System.in.read() >= 0) {
      // Until the parent is gone.
    }
    server.close();
  }
}
