package io.rotatekv.store;

import io.rotatekv.proto.StartupException;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What lies beside a store's file: {@code FILE.lock}, held while a process uses it, and {@code
 * FILE.state}, which keeps the geometry it was made with and whether it was closed cleanly.
 */
final class StoreFile implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StoreFile.class);
  private static final String VERSION = "1";

  private final Path path;
  private final StoreConfig config;
  private final FileChannel lock;
  private long fileBytes;

  private StoreFile(Path path, StoreConfig config, FileChannel lock) {
    this.path = path;
    this.config = config;
    this.lock = lock;
  }

  /**
   * Takes the lock, and makes the folder where there is none.
   *
   * @throws StartupException if another process or store has it
   */
  static StoreFile lock(Path path, StoreConfig config) {
    Path absolute = path.toAbsolutePath();
    try {
      Path folder = absolute.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      FileChannel channel =
          FileChannel.open(
              beside(absolute, ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!locked(channel)) {
        channel.close();
        throw new StartupException(
            "the store file %s is in use; stop the process that has it, or choose another file"
                .formatted(absolute));
      }
      return new StoreFile(absolute, config, channel);
    } catch (IOException e) {
      throw new StartupException(
          "cannot use the store file %s: %s; choose a folder that can be written to"
              .formatted(absolute, e),
          e);
    }
  }

  Path path() {
    return path;
  }

  /** Size of the file; 0 if it cannot be told. */
  long bytes() {
    try {
      return Files.size(path);
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Whether the file was closed cleanly.
   *
   * @throws StartupException if it has another geometry than is configured, or is cut short
   */
  boolean checkState() throws IOException {
    Path state = beside(path, ".state");
    if (!Files.exists(state)) {
      throw new StartupException(
          "%s is not a store's file, or its start was cut short: there is no %s beside it; delete it, or choose another file"
              .formatted(path, state.getFileName()));
    }
    Properties saved = new Properties();
    try (Reader reader = Files.newBufferedReader(state)) {
      saved.load(reader);
    }
    String made = geometry(saved.getProperty("capacityBytes"), saved.getProperty("pageBytes"));
    String wanted = geometry(config.capacityBytes(), config.pageBytes());
    if (!VERSION.equals(saved.getProperty("version")) || !made.equals(wanted)) {
      throw new StartupException(
          "the store file %s was made with %s and version %s, and is configured with %s and version %s; change the configuration, or delete the file to start empty"
              .formatted(path, made, saved.getProperty("version"), wanted, VERSION));
    }
    fileBytes = Long.parseLong(saved.getProperty("fileBytes", "0"));
    if (Files.size(path) < fileBytes) {
      throw new StartupException(
          "the store file %s has %d bytes of %d: it was cut short; delete it to start empty"
              .formatted(path, Files.size(path), fileBytes));
    }
    return "true".equals(saved.getProperty("clean"));
  }

  /** Notes that the file is in use, so that a crash from here on is seen at the next start. */
  void markOpen() throws IOException {
    fileBytes = Math.max(fileBytes, Files.size(path));
    save(false);
  }

  /**
   * Notes that the file was closed cleanly. Where that cannot be noted, on a full disk say, the
   * next start recovers, which takes longer and gives the same.
   */
  void markClean() {
    try {
      save(true);
    } catch (IOException e) {
      log.warn("cannot note that {} was closed cleanly; the next start will recover it", path, e);
    }
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void save(boolean clean) throws IOException {
    Properties state = new Properties();
    state.setProperty("version", VERSION);
    state.setProperty("capacityBytes", Long.toString(config.capacityBytes()));
    state.setProperty("pageBytes", Integer.toString(config.pageBytes()));
    state.setProperty("fileBytes", Long.toString(fileBytes));
    state.setProperty("clean", Boolean.toString(clean));
    Path fresh = beside(path, ".state.new");
    try (Writer writer = Files.newBufferedWriter(fresh)) {
      state.store(writer, "state of a RotateKV store file");
    }
    Files.move(
        fresh,
        beside(path, ".state"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      @Nullable FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false; // This JVM holds it.
    }
  }

  private static Path beside(Path path, String suffix) {
    return path.resolveSibling(path.getFileName() + suffix);
  }

  private static String geometry(@Nullable Object capacityBytes, @Nullable Object pageBytes) {
    return "capacityBytes=%s, pageBytes=%s".formatted(capacityBytes, pageBytes);
  }
}
