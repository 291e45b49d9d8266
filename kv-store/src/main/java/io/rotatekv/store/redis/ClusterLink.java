package io.rotatekv.store.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.sync.RedisServerCommands;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A cluster, whose topology is followed as it changes. */
final class ClusterLink implements RedisLink {

  private final RedisClusterClient client;
  private final StatefulRedisClusterConnection<String, byte[]> pages;
  private final StatefulRedisClusterConnection<String, byte[]> control;
  private final Duration timeout;

  ClusterLink(List<RedisURI> uris, RedisOptions options) {
    client = RedisClusterClient.create(uris);
    timeout = options.timeout();
    client.setOptions(
        ClusterClientOptions.builder()
            .timeoutOptions(TimeoutOptions.enabled(options.timeout()))
            .topologyRefreshOptions(
                ClusterTopologyRefreshOptions.builder().enablePeriodicRefresh().build())
            .build());
    try {
      pages = client.connect(CODEC);
      control = client.connect(CODEC);
    } catch (RuntimeException e) {
      client.close();
      throw e;
    }
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
    List<RedisServerCommands<String, byte[]>> masters = new ArrayList<>();
    for (RedisClusterNode node : control.getPartitions()) {
      if (node.getRole().isUpstream() && !node.getSlots().isEmpty()) {
        masters.add(control.getConnection(node.getNodeId()).sync());
      }
    }
    return masters;
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
