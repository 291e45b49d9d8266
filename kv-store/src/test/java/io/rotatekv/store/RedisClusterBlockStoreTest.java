package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.rotatekv.store.redis.LocalRedisCluster;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a cluster of three masters. */
class RedisClusterBlockStoreTest extends RedisContract {

  @SuppressWarnings("NullAway.Init")
  private static LocalRedisCluster cluster;

  @BeforeAll
  static void start() throws Exception {
    cluster = LocalRedisCluster.start();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Override
  List<String> uris() {
    return cluster.uris();
  }

  @Test
  void everyMasterHoldsPagesAndARestartFindsThemAll() {
    close();
    StoreConfig large = CONFIG.withCapacity(300 * 4096);
    try (BlockStore store = open(large)) {
      Chains.store(store, 1, 0, 100);
    }
    try (RedisClient client = RedisClient.create()) {
      for (String uri : uris()) {
        assertTrue(client.connect(RedisURI.create(uri)).sync().dbsize() > 30);
      }
    }
    try (BlockStore store = openAsItIs(large)) {
      List<BlockKey> keys = Chains.keys(1, 100);
      Chains.assertRight(keys, Chains.get(store, keys));
      assertEquals(100, store.lookupPrefix(Chains.NAMESPACE, keys).present());
    }
  }
}
