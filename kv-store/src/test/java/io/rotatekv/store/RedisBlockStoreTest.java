package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StartupException;
import io.rotatekv.store.Chains.Read;
import io.rotatekv.store.redis.LocalRedis;
import io.rotatekv.store.redis.RedisOptions;
import io.rotatekv.store.redis.RedisProgram;
import io.rotatekv.store.redis.RedisStorage;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On one server, and what a server can do to a store. */
class RedisBlockStoreTest extends RedisContract {

  @SuppressWarnings("NullAway.Init")
  private static LocalRedis redis;

  @BeforeAll
  static void start() throws Exception {
    redis = LocalRedis.start(RedisProgram.find());
  }

  @AfterAll
  static void stop() {
    redis.close();
  }

  @Override
  List<String> uris() {
    return List.of(redis.uri());
  }

  private static void onServer(Consumer<RedisCommands<String, byte[]>> action) {
    RedisCodec<String, byte[]> codec = RedisCodec.of(StringCodec.ASCII, ByteArrayCodec.INSTANCE);
    try (RedisClient client = RedisClient.create(redis.uri());
        StatefulRedisConnection<String, byte[]> connection = client.connect(codec)) {
      action.accept(connection.sync());
    }
  }

  private static StartupException refusal(RedisOptions options, StoreConfig config) {
    return assertThrows(StartupException.class, () -> RedisStorage.open(options, config));
  }

  private static void assertSays(String what, StartupException failure) {
    assertTrue(String.valueOf(failure.getMessage()).contains(what), failure.getMessage());
  }

  private RedisOptions options() {
    return RedisOptions.of(uris(), "test:").withOwnership(Duration.ofMillis(300));
  }

  @Test
  void whatWasCommittedOutlivesTheNodeAndWhatWasNotIsRemoved() {
    close();
    StoreConfig roomy = CONFIG.withCapacity(1 << 20);
    BlockStore crashed =
        PagedBlockStore.open(roomy, own -> RedisStorage.open(options(), own), clock, Runnable::run);
    Chains.store(crashed, 1, 0, 3);
    PutSpec half = Chains.spec(Chains.sets(2, 0, 2));
    Chains.fill(crashed.beginPut(half), half); // Neither committed nor closed: the node is gone.
    try (BlockStore store = openAsItIs(roomy)) {
      List<BlockKey> keys = Chains.keys(1, 3);
      assertEquals(3 * Chains.LAYERS, Chains.assertRight(keys, Chains.get(store, keys)));
      assertEquals(0, store.lookupPrefix(Chains.NAMESPACE, Chains.keys(2, 2)).present());
      assertEquals(9 * 4096, store.stats().space().used());
      onServer(server -> assertEquals(9 + 2, server.dbsize()));
    }
  }

  @Test
  void aFlippedBitIsNeverServed() {
    close();
    try (BlockStore store = open(CONFIG)) {
      Chains.store(store, 1, 0, 2);
      onServer(server -> {
        KeyScanCursor<String> keys = server.scan(ScanArgs.Builder.matches("*:2"));
        assertTrue(keys.isFinished() && !keys.getKeys().isEmpty());
        String page = keys.getKeys().getFirst();
        byte[] bytes = server.get(page);
        bytes[10] ^= 1;
        server.set(page, bytes);
      });
      List<BlockKey> keys = Chains.keys(1, 2);
      List<Read> reads = Chains.get(store, keys);
      Chains.assertRight(keys, reads);
      assertEquals(1, store.stats().misses().getOrDefault(MissReason.MISS_REASON_CORRUPT, 0L));
    }
  }

  @Test
  void pagesThatTheServerLostAreAMiss() {
    close();
    try (BlockStore store = open(CONFIG)) {
      Chains.store(store, 1, 0, 2);
      onServer(RedisCommands::flushall);
      assertEquals(0, Chains.assertRight(Chains.keys(1, 2), Chains.get(store, Chains.keys(1, 2))));
      assertEquals(0, store.stats().space().used());
    }
  }

  @Test
  void twoNodesCannotOwnOnePrefix() {
    assertSays("another kv-store uses the keys 'test:*'", refusal(options(), CONFIG));
  }

  @Test
  void aNodeThatLostItsPrefixWritesNoMore() {
    close();
    try (BlockStore store = open(CONFIG)) {
      onServer(server -> server.set("test:owner", new byte[] {1}));
      store.reclaim();
      ServiceException failure =
          assertThrows(ServiceException.class, () -> Chains.store(store, 1, 0, 2));
      assertEquals(ErrorReason.ERROR_REASON_STORAGE, failure.reason());
    }
    onServer(server -> assertEquals(1, server.get("test:owner").length));
  }

  @Test
  void aServerThatIsFullBeforeTheStoreRefusesWithADelay() {
    close();
    try (BlockStore store = open(CONFIG)) {
      onServer(server -> server.configSet("maxmemory", "1"));
      ServiceException failure =
          assertThrows(ServiceException.class, () -> Chains.store(store, 1, 0, 2));
      assertEquals(ErrorReason.ERROR_REASON_STORE_FULL, failure.reason());
      assertTrue(failure.retryAfter().isPositive());
      assertEquals(0, store.stats().space().used());
    } finally {
      onServer(server -> server.configSet("maxmemory", "0"));
    }
  }

  @Test
  void aServerThatEvictsOrIsTooSmallIsRefused() {
    close();
    RedisOptions other = RedisOptions.of(uris(), "other:");
    try {
      onServer(server -> server.configSet("maxmemory", "60000"));
      assertSays("less than the store's capacity", refusal(other, CONFIG));
      onServer(server -> server.configSet("maxmemory-policy", "allkeys-lru"));
      assertSays("set its maxmemory-policy to noeviction", refusal(other, CONFIG));
    } finally {
      onServer(server -> {
        server.configSet("maxmemory-policy", "noeviction");
        server.configSet("maxmemory", "0");
      });
    }
  }

  @Test
  void pagesOfAnotherSizeAreRefused() {
    close();
    assertSays(
        "were made with pages of 4096 bytes", refusal(options(), CONFIG.withPageBytes(8192)));
    assertSays(
        "too large for Redis", refusal(options(), StoreConfig.defaults().withPageBytes(2 << 20)));
  }

  @Test
  void aServerThatIsNotThereIsNamed() throws Exception {
    String uri;
    try (LocalRedis gone = LocalRedis.start(RedisProgram.find())) {
      uri = gone.uri();
    }
    assertSays(
        "cannot use the Redis server at", refusal(RedisOptions.of(List.of(uri), "x:"), CONFIG));
  }

  @Test
  void aServerThatDiesFailsPutsAndMakesGetsTimeOutAndKeepsTheIndex() throws Exception {
    close();
    try (LocalRedis own = LocalRedis.start(RedisProgram.find());
        BlockStore store =
            PagedBlockStore.open(
                CONFIG,
                config -> RedisStorage.open(RedisOptions.of(List.of(own.uri()), "x:"), config),
                clock,
                Runnable::run)) {
      Chains.store(store, 1, 0, 2);
      ProcessHandle server = ProcessHandle.of(own.pid()).orElseThrow();
      server.destroyForcibly();
      server.onExit().join();
      ServiceException failure =
          assertThrows(ServiceException.class, () -> Chains.store(store, 2, 0, 1));
      assertEquals(ErrorReason.ERROR_REASON_STORAGE, failure.reason());
      assertEquals(
          List.of(
              Read.missed(0, MissReason.MISS_REASON_TIMEOUT),
              Read.missed(1, MissReason.MISS_REASON_TIMEOUT)),
          Chains.get(store, Chains.keys(1, 2)));
      assertEquals(2, store.lookupPrefix(Chains.NAMESPACE, Chains.keys(1, 2)).present());
    }
  }
}
