package io.rotatekv.cli.cluster;

import com.google.common.net.HostAndPort;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.proto.ServerOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One service as a child process. The child's standard input is a pipe that this process holds
 * open: when this process ends, in whatever way, the child reads end-of-file and stops.
 */
public final class ServiceProcess implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ServiceProcess.class);

  /** More than a service's own drain time, after which it cancels what still runs. */
  private static final Duration GRACE = ServerOptions.DEFAULT_DRAIN.plusSeconds(10);

  private static final int TAIL_LINES = 20;

  /** A line of {@code logback.xml}'s pattern: time, level, class. */
  private static final Pattern WARNING = Pattern.compile("\\S+ WARN +[^:]+: (?<text>.*)");

  private final String name;
  private final Path logFile;
  private final Process process;
  private final CompletableFuture<HostAndPort> address = new CompletableFuture<>();
  private volatile boolean stopping;

  private ServiceProcess(String name, Path logFile, Process process) {
    this.name = name;
    this.logFile = logFile;
    this.process = process;
  }

  /**
   * Starts a child.
   *
   * @param builder the command to run
   * @param name what messages call it
   * @param logFile takes everything it prints but its ready line
   */
  static ServiceProcess start(ProcessBuilder builder, String name, Path logFile) {
    Process process;
    try {
      Files.createFile(logFile);
      process = builder.redirectError(ProcessBuilder.Redirect.appendTo(logFile.toFile())).start();
    } catch (IOException e) {
      throw new CommandException("cannot start " + name + ": " + e.getMessage(), "", e);
    }
    ServiceProcess service = new ServiceProcess(name, logFile, process);
    // A read of a pipe holds its carrier, of which there are as many as cores.
    Thread.ofPlatform().daemon().name(name + "-output").start(service::readOutput);
    return service;
  }

  /** What messages call it: {@code prefill-1}. */
  public String name() {
    return name;
  }

  /** The process id. */
  public long pid() {
    return process.pid();
  }

  /** Completes with the exit status when the process has ended. */
  public CompletableFuture<Integer> exit() {
    return process.onExit().thenApply(Process::exitValue);
  }

  /**
   * Where it listens, once it has said so.
   *
   * @throws CommandException with the end of its log where it ended first, or took too long
   */
  public HostAndPort awaitAddress(Duration timeout) throws InterruptedException {
    try {
      return address.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      int status = process.waitFor();
      throw new CommandException(
          "%s ended with status %d before it was ready".formatted(name, status), logTail());
    } catch (TimeoutException e) {
      throw new CommandException(
          "%s was not ready within %d s".formatted(name, timeout.toSeconds()), logTail());
    }
  }

  /** What it has warned of so far, without time and class. */
  List<String> warnings() {
    try {
      return Files.readAllLines(logFile, StandardCharsets.UTF_8).stream()
          .map(WARNING::matcher)
          .filter(Matcher::matches)
          .map(line -> line.group("text"))
          .toList();
    } catch (IOException e) {
      return List.of("its log cannot be read: " + e.getMessage());
    }
  }

  /** The last lines of its log, with the log's path. */
  public String logTail() {
    try {
      List<String> lines = Files.readAllLines(logFile, StandardCharsets.UTF_8);
      List<String> tail = lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
      return "end of its log, %s:%n%s".formatted(logFile, String.join("\n", tail));
    } catch (IOException e) {
      return "its log cannot be read: " + e.getMessage();
    }
  }

  /** Asks the process to stop, without waiting. */
  void askToStop() {
    stopping = true;
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      log.debug("{}: its standard input was closed already", name, e);
    }
  }

  /** Whether it was asked to stop. */
  public boolean isStopping() {
    return stopping;
  }

  /** Stops the process and waits until it is gone, by force where it does not drain in time. */
  @Override
  public void close() {
    askToStop();
    boolean interrupted = false;
    try {
      if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("{} did not stop within {} s; ending it by force", name, GRACE.toSeconds());
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      interrupted = true;
      process.destroyForcibly();
    }
    process.onExit().join();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void readOutput() {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        ReadyLine.parse(line).ifPresent(address::complete);
        Files.writeString(logFile, line + "\n", StandardOpenOption.APPEND);
      }
    } catch (IOException e) {
      log.debug("{}: its output ended", name, e);
    } finally {
      address.completeExceptionally(new UncheckedIOException(new IOException("output ended")));
    }
  }
}
