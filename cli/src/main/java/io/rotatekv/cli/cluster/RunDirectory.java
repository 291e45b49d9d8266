package io.rotatekv.cli.cluster;

import io.rotatekv.cli.console.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A temporary folder for one cluster's configuration files and logs. */
final class RunDirectory {

  private static final Logger log = LoggerFactory.getLogger(RunDirectory.class);

  private final Path path;

  private RunDirectory(Path path) {
    this.path = path;
  }

  static RunDirectory create() {
    try {
      return new RunDirectory(Files.createTempDirectory("rotatekv-"));
    } catch (IOException e) {
      throw new CommandException(
          "cannot make a folder for logs in " + System.getProperty("java.io.tmpdir"),
          "make it writable, or free some space there",
          e);
    }
  }

  Path path() {
    return path;
  }

  /** Where the service of this name logs. */
  Path log(String name) {
    return path.resolve(name + ".log");
  }

  /** Writes a service's configuration. */
  Path writeConfig(String name, String yaml) {
    try {
      return Files.writeString(path.resolve(name + ".yaml"), yaml);
    } catch (IOException e) {
      throw new CommandException("cannot write to " + path + ": " + e.getMessage(), "", e);
    }
  }

  /** Removes the folder; what cannot be removed is left to the system's own cleaning. */
  void delete() {
    try (Stream<Path> files = Files.list(path)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(path);
    } catch (IOException e) {
      log.debug("left {} behind", path, e);
    }
  }
}
