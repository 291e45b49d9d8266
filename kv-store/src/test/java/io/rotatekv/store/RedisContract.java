package io.rotatekv.store;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.rotatekv.store.redis.RedisOptions;
import io.rotatekv.store.redis.RedisStorage;
import java.util.List;

/** The contract on Redis; every store that a test opens is empty. */
abstract class RedisContract extends BlockStoreContract {

  /** Where the servers are. */
  abstract List<String> uris();

  @Override
  BlockStore open(StoreConfig config) {
    flush();
    return openAsItIs(config);
  }

  final PagedBlockStore openAsItIs(StoreConfig config) {
    RedisOptions options = RedisOptions.of(uris(), "test:");
    return PagedBlockStore.open(
        config, own -> RedisStorage.open(options, own), clock, Runnable::run);
  }

  private void flush() {
    try (RedisClient client = RedisClient.create()) {
      for (String uri : uris()) {
        client.connect(RedisURI.create(uri)).sync().flushall();
      }
    }
  }
}
