package io.rotatekv.store.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisServerCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.rotatekv.proto.StartupException;
import java.time.Duration;
import java.util.List;

/**
 * Connections to one server or a cluster: one for pages, and one for small commands, which would
 * wait behind megabytes otherwise. Commands of one connection and one slot keep their order, so a
 * removal never overtakes the write it undoes. While a server is away commands fail at once, or
 * after their time-out in a cluster, whose nodes are connected to when they are first needed.
 */
interface RedisLink extends AutoCloseable {

  /** Keys are ASCII, values bytes. */
  RedisCodec<String, byte[]> CODEC = RedisCodec.of(StringCodec.ASCII, ByteArrayCodec.INSTANCE);

  /** The connection for pages. */
  RedisClusterAsyncCommands<String, byte[]> pages();

  /** The connection for small commands. */
  RedisClusterCommands<String, byte[]> control();

  /** Every server that holds keys. */
  List<RedisServerCommands<String, byte[]>> masters();

  Duration timeout();

  @Override
  void close();

  /**
   * Connects to what the addresses stand for: a cluster where the first of them says so.
   *
   * @throws StartupException if none can be reached
   */
  static RedisLink connect(RedisOptions options) {
    List<RedisURI> uris = options.uris().stream().map(RedisLink::parse).toList();
    uris.forEach(uri -> uri.setTimeout(options.timeout()));
    RedisClient client = RedisClient.create();
    client.setOptions(
        ClientOptions.builder()
            .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
            .timeoutOptions(TimeoutOptions.enabled(options.timeout()))
            .build());
    try {
      StatefulRedisConnection<String, byte[]> connection = connectFirst(client, uris);
      if (connection.sync().info("cluster").contains("cluster_enabled:1")) {
        client.close();
        return new ClusterLink(uris, options);
      }
      if (uris.size() > 1) {
        throw new StartupException(
            "%s is not part of a cluster, but several servers are named; name one, or make them a cluster"
                .formatted(uris.getFirst()));
      }
      return new SingleLink(client, uris.getFirst(), connection, options.timeout());
    } catch (RedisException e) {
      client.close();
      throw new StartupException(
          "cannot use the Redis server at %s: %s; start it, or correct store.redis-uris"
              .formatted(uris, root(e)),
          e);
    } catch (StartupException e) {
      client.close();
      throw e;
    }
  }

  /** What lies behind an exception of Lettuce's, which says little itself. */
  static String root(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  private static RedisURI parse(String text) {
    try {
      return RedisURI.create(text);
    } catch (IllegalArgumentException e) {
      throw new StartupException(
          "'%s' is not the address of a Redis server; expected redis://host:port".formatted(text),
          e);
    }
  }

  private static StatefulRedisConnection<String, byte[]> connectFirst(
      RedisClient client, List<RedisURI> uris) {
    RedisException failure = null;
    for (RedisURI uri : uris) {
      try {
        return client.connect(CODEC, uri);
      } catch (RedisException e) {
        failure = e; // One node of a cluster may be down.
      }
    }
    throw new RedisException("none of them can be reached", failure);
  }
}
