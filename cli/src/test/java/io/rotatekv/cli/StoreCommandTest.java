package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.proto.Wire;
import io.rotatekv.store.KvStoreServer;
import io.rotatekv.store.StoreConfig;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.Namespace;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreCommandTest {

  private static final Namespace NAMESPACE =
      Namespace.newBuilder()
          .setModelFingerprint(ByteString.copyFromUtf8("m"))
          .setCodecFingerprint(ByteString.copyFromUtf8("c"))
          .build();

  private static final byte[] BLOCK = new byte[1000];

  static {
    Arrays.fill(BLOCK, (byte) 0xa5);
  }

  private final ObjectMapper mapper = new ObjectMapper();
  private RunningServer server;

  @BeforeEach
  void startStoreOfThreeSets() {
    server = KvStoreServer.start(StoreConfig.defaults().withCapacity(16L << 20));
    putThreeSets();
  }

  private void putThreeSets() {
    try (StoreClient client = StoreClient.connect(StoreClientOptions.of(server.address(), "t", 1));
        PutSession put = client.put(NAMESPACE, 1, chain(3))) {
      for (int set = 0; set < 3; set++) {
        put.add(set, 0, ByteBuffer.wrap(BLOCK));
      }
      put.commit();
    }
  }

  @AfterEach
  void stopStore() {
    server.close();
  }

  private static List<BlockSetInfo> chain(int sets) {
    List<BlockSetInfo> infos = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      infos.add(
          BlockSetInfo.newBuilder()
              .setKey(key(set + 1))
              .setParentKey(key(set))
              .setChainIndex(set)
              .setTokenCount(64)
              .build());
    }
    return infos;
  }

  /** Begins with {@code 0000000n} in hexadecimal. */
  private static ByteString key(int n) {
    return ByteString.copyFrom(ByteBuffer.allocate(Wire.KEY_BYTES).putInt(n).rewind());
  }

  private CommandRun store(String command, String... options) {
    List<String> all = new ArrayList<>(List.of("store", command, "--target", server.address()));
    all.addAll(List.of(options));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private JsonNode json(CommandRun run) throws Exception {
    assertEquals(0, run.status(), run::err);
    return mapper.readTree(run.out());
  }

  @Test
  void statsAreATableOrEveryFieldOfTheContract() throws Exception {
    CommandRun table = store("stats");
    assertEquals(0, table.status(), table::err);
    assertTrue(table.out().contains("│ capacity ") && table.out().contains("16 MiB"), table::out);
    JsonNode stats = json(store("stats", "--json"));
    assertEquals(3, stats.get("committed_sets").longValue());
    assertEquals(3000, stats.get("bytes_in").longValue());
    assertEquals("chronicle", stats.get("engine").textValue());
  }

  @Test
  void lsShowsSetsAndSaysWhatItLeavesOut() throws Exception {
    CommandRun all = store("ls");
    assertTrue(all.out().contains("0000000100000000") && all.out().contains("3 sets"), all::out);
    CommandRun one = store("ls", "--limit", "1");
    assertTrue(one.out().contains("1 are shown, --limit 0 shows all"), one::out);
    CommandRun lines = store("ls", "--json");
    assertEquals(3, lines.out().lines().count());
    JsonNode first = mapper.readTree(lines.out().lines().findFirst().orElseThrow());
    assertEquals(1000, first.get("payload_bytes").longValue());
    assertEquals(64, first.get("key").textValue().length());
  }

  @Test
  void verifyCountsWhatItChecked() throws Exception {
    assertTrue(store("verify").out().contains("checked 3 sets, 2.93 KiB: all good"));
    JsonNode result = json(store("verify", "--json"));
    assertEquals(3, result.get("checked_sets").longValue());
    assertEquals(0, result.get("damaged").size());
  }

  @Test
  void verifyNamesADamagedSetAndEndsWithOne(@TempDir Path folder) throws Exception {
    stopStore();
    Path file = folder.resolve("store.map");
    server = KvStoreServer.start(StoreConfig.defaults().withCapacity(1L << 20).withFile(file));
    putThreeSets();
    damage(file);
    CommandRun run = store("verify", "--json");
    assertEquals(1, run.status(), run::err);
    JsonNode damaged = mapper.readTree(run.out()).get("damaged");
    assertEquals(1, damaged.size(), run::out);
    assertEquals(0, store("verify").status());
    assertEquals(2, json(store("stats", "--json")).get("committed_sets").longValue());
  }

  /** Changes one byte of a block in the file that the store has mapped. */
  private static void damage(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int at = 0;
    while (Arrays.mismatch(bytes, at, at + BLOCK.length, BLOCK, 0, BLOCK.length) >= 0) {
      at++;
    }
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.seek(at + 500L);
      access.write(BLOCK[500] + 1);
    }
  }

  @Test
  void rmRemovesASetAndWhatFollowsIt() throws Exception {
    assertTrue(store("rm", "00000002", "--dry-run").out().startsWith("would remove 2 sets"));
    assertEquals(2, json(store("rm", "00000002", "--json")).get("sets").intValue());
    assertEquals(1, json(store("stats", "--json")).get("committed_sets").longValue());
    assertTrue(store("rm", "--all").out().startsWith("removed 1 sets"));
    assertEquals(0, json(store("stats", "--json")).get("committed_sets").longValue());
  }

  @Test
  void rmRefusesWhatItCannotMean() {
    assertEquals(2, store("rm").status());
    assertEquals(2, store("rm", "0000").status());
    CommandRun unknown = store("rm", "ffffffff");
    assertEquals(1, unknown.status());
    assertEquals(
        "rotatekv: no set has a key that begins with ffffffff\n  'rotatekv store ls' lists them\n",
        unknown.err());
  }

  @Test
  void topPrintsALineALookWhereThereIsNoTerminal() throws Exception {
    CommandRun run = store("top", "--every", "1ms", "--count", "2");
    assertEquals(0, run.status(), run::err);
    assertEquals(3, run.out().lines().count(), run::out);
    assertTrue(run.out().startsWith("    used"), run::out);
    assertTrue(json(store("top", "--every", "1ms", "--count", "1", "--json")).has("out_mb_s"));
  }

  @Test
  void aTargetWithoutAStoreIsOneLineAndACure() {
    CommandRun none = CommandRun.of("store", "stats", "--target", "127.0.0.1:1");
    assertEquals(1, none.status());
    assertTrue(none.err().contains("is a store running there?"), none::err);
    assertEquals(2, CommandRun.of("store", "stats", "--target", "nowhere").status());
    assertEquals(2, CommandRun.of("store").status());
  }
}
