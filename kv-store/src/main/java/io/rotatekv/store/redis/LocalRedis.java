package io.rotatekv.store.redis;

import io.rotatekv.proto.StartupException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A Redis or Valkey server of our own, for tests and benchmarks: on a free port of loopback, in a
 * temporary folder, without persistence. Closing ends it.
 */
public final class LocalRedis implements AutoCloseable {

  private static final List<String> NAMES = List.of("redis-server", "valkey-server");
  private static final String READY = "Ready to accept connections";
  private static final String LOOPBACK = "127.0.0.1";

  /** A free port may be taken by another before the server binds it. */
  private static final int ATTEMPTS = 5;

  private static final int TAIL_LINES = 5;

  private final Process process;
  private final Path folder;
  private final int port;
  private final Deque<String> tail = new ArrayDeque<>();

  private LocalRedis(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /**
   * Finds a server's program: on the PATH, or where {@code deploy/find-redis} unpacks one.
   *
   * @param environment the process's own
   * @throws StartupException with the cure if there is none
   */
  public static Path find(Map<String, String> environment) {
    Path cache =
        environment.containsKey("ROTATEKV_CACHE")
            ? Path.of(environment.get("ROTATEKV_CACHE"))
            : Path.of(System.getProperty("user.home"), ".cache", "rotatekv");
    List<Path> candidates = new ArrayList<>();
    for (String folder : environment.getOrDefault("PATH", "").split(":", -1)) {
      NAMES.forEach(name -> candidates.add(Path.of(folder, name)));
    }
    candidates.add(cache.resolve("redis").resolve("redis-server"));
    return candidates.stream()
        .filter(path -> Files.isRegularFile(path) && Files.isExecutable(path))
        .findFirst()
        .orElseThrow(() ->
            new StartupException(
                "no redis-server or valkey-server on the PATH; install one (apt-get install redis-server), or run deploy/find-redis"));
  }

  /**
   * Starts a server and returns once it takes connections.
   *
   * @param program {@code redis-server} or {@code valkey-server}
   * @param options more options, such as {@code --maxmemory}, {@code 64mb}
   * @throws StartupException with the end of its log if it does not start
   */
  public static LocalRedis start(Path program, String... options) {
    for (int attempt = 1; ; attempt++) {
      LocalRedis redis = launch(program, List.of(options));
      if (redis.awaitReady()) {
        // A read of a pipe holds its carrier, of which there are as many as cores.
        Thread.ofPlatform().daemon().name("redis-output").start(redis::readOutput);
        return redis;
      }
      redis.close();
      if (attempt == ATTEMPTS) {
        throw new StartupException("%s does not start: %s".formatted(program, redis.tail));
      }
    }
  }

  /** {@code redis://127.0.0.1:PORT}. */
  public String uri() {
    return "redis://%s:%d".formatted(LOOPBACK, port);
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  /** The process id. */
  public long pid() {
    return process.pid();
  }

  /** Ends the server by force, for it has nothing to save, and removes its folder. */
  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static LocalRedis launch(Path program, List<String> options) {
    try {
      Path folder = Files.createTempDirectory("rotatekv-redis-");
      int port = freePort();
      List<String> command = new ArrayList<>();
      command.add(program.toString());
      command.addAll(List.of("--bind", LOOPBACK, "--port", Integer.toString(port)));
      command.addAll(List.of("--dir", folder.toString(), "--save", "", "--appendonly", "no"));
      command.addAll(options);
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      return new LocalRedis(process, folder, port);
    } catch (IOException e) {
      throw new StartupException("cannot start %s: %s".formatted(program, e.getMessage()), e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(LOOPBACK))) {
      return socket.getLocalPort();
    }
  }

  private boolean awaitReady() {
    BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
    try {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.contains(READY)) {
          return true;
        }
        tail.add(line);
        if (tail.size() > TAIL_LINES) {
          tail.remove();
        }
      }
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A pipe that nobody reads would stop the server. */
  private void readOutput() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      output.lines().forEach(_ -> {});
    } catch (IOException | UncheckedIOException e) {
      return; // The server has ended.
    }
  }
}
