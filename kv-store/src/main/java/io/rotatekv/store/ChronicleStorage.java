package io.rotatekv.store;

import io.rotatekv.proto.StartupException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pages in Chronicle Map: memory off the heap, or a mapped file with its {@link StoreFile} beside
 * it. Chronicle's own locks lie in the mapped file and stay taken after a kill, so a file that was
 * not closed cleanly is never just opened but recovered.
 */
public final class ChronicleStorage implements PageStorage {

  private static final Logger log = LoggerFactory.getLogger(ChronicleStorage.class);

  private final PageMap pages;
  private final @Nullable StoreFile file;

  private ChronicleStorage(PageMap pages, @Nullable StoreFile file) {
    this.pages = pages;
    this.file = file;
  }

  /**
   * Opens the file that is configured, or memory; a file is recovered first unless it was closed
   * cleanly.
   *
   * @throws StartupException if it is in use, damaged, of another geometry, or does not fit
   */
  public static PageStorage open(StoreConfig config) {
    Path path = config.file();
    if (path == null) {
      return new ChronicleStorage(new PageMap(builder(config).create(), config.pageBytes()), null);
    }
    StoreFile file = StoreFile.lock(path, config);
    try {
      return new ChronicleStorage(new PageMap(map(file, config), config.pageBytes()), file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public String engine() {
    return "chronicle";
  }

  @Override
  public Pages pages() {
    return pages;
  }

  @Override
  public long fileBytes() {
    return file == null ? 0 : file.bytes();
  }

  /** Does nothing: the file's lock lasts as long as the process. */
  @Override
  public void keepAlive() {}

  @Override
  public void abort() {
    pages.close();
    if (file != null) {
      file.close();
    }
  }

  @Override
  public void close() {
    pages.close();
    if (file != null) {
      file.markClean();
      file.close();
    }
  }

  private static ChronicleMap<Long, byte[]> map(StoreFile file, StoreConfig config) {
    Path path = file.path();
    try {
      if (!Files.exists(path)) {
        ChronicleMap<Long, byte[]> map = create(path, config);
        file.markOpen();
        return map;
      }
      boolean clean = file.checkState();
      allocate(path, file.bytes());
      file.markOpen();
      if (clean) {
        return builder(config).createPersistedTo(path.toFile());
      }
      log.warn("{} was not closed cleanly; recovering what was committed", path);
      return builder(config)
          .recoverPersistedTo(
              path.toFile(), true, corruption -> log.warn("recovery: {}", corruption.message()));
    } catch (IOException | RuntimeException e) {
      if (e instanceof StartupException startup) {
        throw startup;
      }
      throw new StartupException(
          "cannot open the store file %s: %s; if it is damaged, delete it and start empty"
              .formatted(path, e.getMessage()),
          e);
    }
  }

  private static void allocate(Path path, long bytes) {
    try {
      FileSpace.allocate(path, bytes);
    } catch (IOException e) {
      throw new StartupException(
          "cannot use the store file %s: %s; free space on its disk"
              .formatted(path, e.getMessage()),
          e);
    }
  }

  /** Chronicle allocates the file in full, so that a full disk is found here and not at a store. */
  private static ChronicleMap<Long, byte[]> create(Path path, StoreConfig config)
      throws IOException {
    try {
      return builder(config).createPersistedTo(path.toFile());
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(path);
      throw new StartupException(
          "cannot allocate %d bytes for the store file %s: %s; free space, or lower capacityBytes"
              .formatted(config.capacityBytes(), path, e.getMessage()),
          e);
    }
  }

  private static ChronicleMapBuilder<Long, byte[]> builder(StoreConfig config) {
    return PageMap.builder(config.pages(), config.pageBytes());
  }
}
