package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged program as a process of its own, as a user's shell runs it. */
final class Program {

  /** A cold JVM on a busy machine; a hang still ends the test. */
  private static final int LIMIT_SECONDS = 240;

  private static final Path JVM_OPTIONS = Path.of("..", "deploy", "jvm.options").toAbsolutePath();
  private static final Path JARS = Path.of("target", "rotatekv", "lib").toAbsolutePath();

  private final Path folder;
  private final Map<String, String> environment;

  /** What one run gave. */
  record Run(int status, String out, String err) {}

  /**
   * The program, run from a folder.
   *
   * @param environment what its runs see beside the test's own environment
   */
  Program(Path folder, Map<String, String> environment) {
    this.folder = folder;
    this.environment = environment;
  }

  /** A run to be started. */
  ProcessBuilder process(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("@" + JVM_OPTIONS, "-cp", JARS + "/*", Main.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().putAll(environment);
    return builder;
  }

  /** Runs it to its end. */
  Run run(String... arguments) throws IOException, InterruptedException {
    Path err = Files.createTempFile(folder, "err", ".txt");
    Process process = process(arguments).redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(exitOf(process), out, Files.readString(err));
  }

  /** Waits for a process and gives its exit status. */
  static int exitOf(Process process) throws InterruptedException {
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "the program does not end");
    return process.exitValue();
  }

  /** Sends a signal, such as {@code INT}, to a process. */
  static void signal(String name, long pid) throws IOException, InterruptedException {
    int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    assertTrue(status == 0, () -> "kill -%s %d failed".formatted(name, pid));
  }
}
