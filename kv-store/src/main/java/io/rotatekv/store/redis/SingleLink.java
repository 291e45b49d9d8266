package io.rotatekv.store.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisServerCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.time.Duration;
import java.util.List;

/** One server. */
final class SingleLink implements RedisLink {

  private final RedisClient client;
  private final StatefulRedisConnection<String, byte[]> pages;
  private final StatefulRedisConnection<String, byte[]> control;
  private final Duration timeout;

  /** Takes the client and its first connection over. */
  SingleLink(
      RedisClient client,
      RedisURI uri,
      StatefulRedisConnection<String, byte[]> control,
      Duration timeout) {
    this.client = client;
    this.control = control;
    this.pages = client.connect(CODEC, uri);
    this.timeout = timeout;
  }

  @Override
  public RedisClusterAsyncCommands<String, byte[]> pages() {
    return pages.async();
  }

  @Override
  public RedisClusterCommands<String, byte[]> control() {
    return control.sync();
  }

  @Override
  public List<RedisServerCommands<String, byte[]>> masters() {
    return List.of(control.sync());
  }

  @Override
  public Duration timeout() {
    return timeout;
  }

  @Override
  public void close() {
    client.close();
  }
}
