package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The images in the jar against the sources beside them; needs no GPU and no compiler. */
final class ImagesTest {

  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final Path IMAGES = Path.of("src/main/resources/io/rotatekv/kernels/cuda");
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(.*)\"$");

  @TestFactory
  Stream<DynamicTest> imageIsMadeFromItsSourcesAsTheyAre() throws IOException {
    List<String> names = names(SOURCES, ".cu");
    assertFalse(names.isEmpty());
    return names.stream().map(name -> DynamicTest.dynamicTest(name, () -> assertFresh(name)));
  }

  @Test
  void everyImageHasASource() throws IOException {
    assertEquals(names(SOURCES, ".cu"), names(IMAGES, ".fatbin"));
    assertEquals(names(SOURCES, ".cu"), names(IMAGES, ".sha256"));
  }

  private static void assertFresh(String name) throws IOException {
    StringBuilder expected = new StringBuilder();
    sources(name + ".cu").forEach((file, hash) -> expected.append(hash + "  " + file + "\n"));
    Path image = IMAGES.resolve(name + ".fatbin");
    expected.append(sha256(image) + "  " + image.getFileName() + "\n");
    assertEquals(
        expected.toString(),
        Files.readString(IMAGES.resolve(name + ".sha256")),
        "the image of " + name + ".cu is not of these sources; run kernels/src/main/cuda/build");
  }

  /** A source and all it includes from this folder, with their hashes. */
  private static Map<String, String> sources(String source) throws IOException {
    Map<String, String> hashes = new TreeMap<>();
    Deque<Path> open = new ArrayDeque<>(List.of(SOURCES.resolve(source)));
    while (!open.isEmpty()) {
      Path file = open.remove();
      String name = SOURCES.relativize(file.normalize()).toString();
      if (hashes.putIfAbsent(name, sha256(file)) == null) {
        Matcher include = INCLUDE.matcher(Files.readString(file));
        while (include.find()) {
          open.add(file.resolveSibling(include.group(1)));
        }
      }
    }
    return hashes;
  }

  private static List<String> names(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(suffix))
          .map(name -> name.substring(0, name.length() - suffix.length()))
          .sorted()
          .toList();
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
