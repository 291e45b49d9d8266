package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PersistenceTest {

  @TempDir Path folder = Path.of("");

  private StoreConfig config() {
    return StoreConfig.defaults()
        .withPageBytes(4096)
        .withCapacity(300 * 4096)
        .withLease(Duration.ZERO)
        .withFile(folder.resolve("kv/store.map"));
  }

  private static BlockStore open(StoreConfig config) {
    return PagedBlockStore.open(config, InstantSource.system(), Runnable::run);
  }

  private static void assertStartFails(StoreConfig config, String message) {
    StartupException failure = assertThrows(StartupException.class, () -> open(config).close());
    assertTrue(String.valueOf(failure.getMessage()).contains(message), failure::toString);
  }

  @Test
  void committedSetsSurviveACleanRestart() {
    try (BlockStore store = open(config())) {
      Chains.store(store, 1, 0, 5);
      OpenPut open = store.beginPut(Chains.spec(Chains.sets(2, 0, 1)));
      Chains.fill(open, Chains.spec(Chains.sets(2, 0, 1)));
    }
    try (BlockStore store = open(config())) {
      assertEquals(5 * Chains.LAYERS, wholeBlocks(store, 1, 5));
      assertEquals(5L * 3 * 4096, store.stats().space().used());
      assertEquals(0, store.lookupPrefix(Chains.NAMESPACE, Chains.keys(2, 1)).present());
      Chains.store(store, 3, 0, 2);
    }
    try (BlockStore store = open(config())) {
      assertEquals(2 * Chains.LAYERS, wholeBlocks(store, 3, 2));
      assertEquals(5 * Chains.LAYERS, wholeBlocks(store, 1, 5));
    }
  }

  @Test
  void afterAKillEveryCommittedSetIsServedRightOrEvicted() throws Exception {
    List<Integer> committed = new ArrayList<>();
    Process child = startChild();
    try (BufferedReader lines = child.inputReader()) {
      // The store holds 100 sets, so the child is evicting by the time it is killed.
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        committed.add(Integer.valueOf(line));
        if (committed.size() == 60) {
          child.toHandle().destroyForcibly();
        }
      }
    }
    assertTrue(child.waitFor(30, TimeUnit.SECONDS));
    assertTrue(committed.size() >= 60, "the child ended early");

    try (BlockStore store = open(config())) {
      int last = committed.getLast();
      assertEquals(2 * Chains.LAYERS, wholeBlocks(store, last, 2));
      for (int chain : committed) {
        wholeBlocks(store, chain, 2);
      }
      assertEquals(0, store.stats().misses().getOrDefault(MissReason.MISS_REASON_CORRUPT, 0L));
      for (int chain = 10_000; chain < 10_100; chain++) {
        Chains.store(store, chain, 0, 2);
      }
      assertEquals(2 * Chains.LAYERS, wholeBlocks(store, 10_099, 2));
      assertTrue(store.stats().space().used() <= config().capacityBytes());
    }
  }

  /** Puts chains for ever, and prints each one's number when it is committed. */
  static final class Child {

    private Child() {}

    public static void main(String[] args) {
      StoreConfig config =
          StoreConfig.defaults()
              .withPageBytes(4096)
              .withCapacity(300 * 4096)
              .withLease(Duration.ZERO)
              .withFile(Path.of(args[0]));
      BlockStore store = open(config);
      for (int chain = 0; ; chain++) {
        Chains.store(store, chain, 0, 2);
        System.out.println(chain);
      }
    }
  }

  private Process startChild() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(argument -> argument.startsWith("--"))
            .toList());
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            String.valueOf(config().file())));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  @Test
  void aFileInUseIsRefused() {
    BlockStore first = open(config());
    assertStartFails(config(), "is in use");
    first.close();
    open(config()).close();
  }

  @Test
  void aFileOfAnotherGeometryIsRefused() {
    open(config()).close();
    assertStartFails(config().withCapacity(400 * 4096), "was made with capacityBytes=1228800");
    open(config()).close();
  }

  @Test
  void aTruncatedFileIsRefused() throws Exception {
    open(config()).close();
    File file = folder.resolve("kv/store.map").toFile();
    try (RandomAccessFile access = new RandomAccessFile(file, "rw")) {
      access.setLength(access.length() / 2);
    }
    assertStartFails(config(), "cut short");
  }

  @Test
  void aFileCutShortWhileItIsInUseFailsReadsAndNotTheProcess() throws Exception {
    Path file = folder.resolve("kv/store.map");
    BlockStore store = open(config());
    for (int chain = 0; chain < 90; chain++) {
      Chains.store(store, chain, 0, 1);
    }
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(access.length() / 2);
    }
    int served = 0;
    int failed = 0;
    for (int chain = 0; chain < 90; chain++) {
      try {
        served += wholeBlocks(store, chain, 1);
      } catch (ServiceException e) {
        assertEquals(ErrorReason.ERROR_REASON_STORAGE, e.reason());
        failed++;
      }
    }
    assertTrue(served > 0 && failed > 0, served + " blocks served, " + failed + " reads failed");
    store.close();
    assertStartFails(config(), "cut short");
  }

  @Test
  void aFileThatIsNoStoreIsRefused() throws Exception {
    Path file = folder.resolve("notes.txt");
    Files.writeString(file, "my notes");
    assertStartFails(config().withFile(file), "is not a store's file");
    assertEquals("my notes", Files.readString(file));
  }

  @Test
  void aFileThatDoesNotFitTheDiskIsRefusedAndLeavesNone() throws Exception {
    long tooMuch = Math.min(1L << 45, Files.getFileStore(folder).getTotalSpace() * 2);
    StoreConfig large =
        StoreConfig.defaults()
            .withPageBytes(16 << 20)
            .withCapacity(tooMuch)
            .withFile(folder.resolve("large.map"));
    assertStartFails(large, "free space, or lower capacityBytes");
    assertTrue(Files.notExists(folder.resolve("large.map")));
  }

  /** A store that is allocated in full never asks a disk for space that it no longer has. */
  @Test
  void theFileIsAllocatedInFullAlsoWhereItsCopyHadHoles() throws Exception {
    Path file = folder.resolve("kv/store.map");
    try (BlockStore store = open(config())) {
      assertTrue(allocatedBytes(file) >= Files.size(file));
      Chains.store(store, 1, 0, 2);
    }
    makeHoles(file);
    assertTrue(allocatedBytes(file) < Files.size(file) / 2);
    try (BlockStore store = open(config())) {
      assertTrue(allocatedBytes(file) >= Files.size(file));
      assertEquals(2 * Chains.LAYERS, wholeBlocks(store, 1, 2));
    }
  }

  /** Writes the file anew, but for pages of zeros. */
  private static void makeHoles(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(bytes.length);
      for (int at = 0; at < bytes.length; at += 4096) {
        byte[] page = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + 4096));
        if (!Arrays.equals(page, new byte[page.length])) {
          access.seek(at);
          access.write(page);
        }
      }
    }
  }

  private static long allocatedBytes(Path file) throws IOException {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    try (BufferedReader output = stat.inputReader(StandardCharsets.UTF_8)) {
      return 512 * Long.parseLong(output.readLine());
    }
  }

  @Test
  void aFolderThatCannotBeMadeIsRefused() throws Exception {
    Path file = folder.resolve("file");
    Files.writeString(file, "");
    assertStartFails(
        config().withFile(file.resolve("store.map")), "choose a folder that can be written to");
  }

  @Test
  void bitsFlippedInTheFileAreFoundWhenTheyAreRead() throws Exception {
    try (BlockStore store = open(config())) {
      Chains.store(store, 1, 0, 1);
    }
    byte[] needle = new byte[256];
    Chains.block(Chains.key(1, 0), 0).get(0, needle);
    Path path = folder.resolve("kv/store.map");
    byte[] file = Files.readAllBytes(path);
    int at = indexOf(file, needle);
    file[at + 99] ^= 0x10;
    Files.write(path, file);
    try (BlockStore store = open(config())) {
      assertEquals(
          Chains.Read.missed(0, MissReason.MISS_REASON_CORRUPT),
          Chains.get(store, Chains.keys(1, 1)).getFirst());
    }
  }

  /** Reads a chain, asserts that what is served is right, and counts it. */
  private static int wholeBlocks(BlockStore store, int chain, int count) {
    List<BlockKey> keys = Chains.keys(chain, count);
    return Chains.assertRight(keys, Chains.get(store, keys));
  }

  private static int indexOf(byte[] bytes, byte[] needle) {
    for (int at = 0; at + needle.length <= bytes.length; at++) {
      if (Arrays.mismatch(bytes, at, at + needle.length, needle, 0, needle.length) < 0) {
        return at;
      }
    }
    throw new AssertionError("the block is not in the file");
  }
}
