package io.rotatekv.store.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Three masters on loopback that share the slots of a cluster. */
public final class LocalRedisCluster implements AutoCloseable {

  private static final int MASTERS = 3;
  private static final int SLOTS = 16_384;
  private static final long POLL_NANOS = 20_000_000;

  private final List<LocalRedis> masters = new ArrayList<>();

  private LocalRedisCluster() {}

  /** Starts the servers and returns once each of them sees the cluster whole. */
  public static LocalRedisCluster start() throws IOException, InterruptedException {
    LocalRedisCluster cluster = new LocalRedisCluster();
    try {
      for (int i = 0; i < MASTERS; i++) {
        cluster.masters.add(LocalRedis.start(RedisProgram.find(), "--cluster-enabled", "yes"));
      }
      cluster.join();
      return cluster;
    } catch (RuntimeException | IOException | InterruptedException e) {
      cluster.close();
      throw e;
    }
  }

  /** Where some nodes are. */
  public List<String> uris() {
    return masters.stream().map(LocalRedis::uri).toList();
  }

  private void join() {
    try (RedisClient client = RedisClient.create()) {
      List<StatefulRedisConnection<String, String>> nodes = new ArrayList<>();
      for (int i = 0; i < MASTERS; i++) {
        var node = client.connect(RedisURI.create(masters.get(i).uri()));
        nodes.add(node);
        int first = SLOTS * i / MASTERS;
        int last = SLOTS * (i + 1) / MASTERS - 1;
        node.sync().clusterAddSlots(slots(first, last));
        node.sync().clusterSetConfigEpoch(i + 1L);
        nodes.getFirst().sync().clusterMeet("127.0.0.1", masters.get(i).port());
      }
      for (var node : nodes) {
        while (!node.sync().clusterInfo().contains("cluster_state:ok")
            || node.sync().clusterNodes().lines().filter(l -> l.contains("connected")).count()
                < MASTERS) {
          LockSupport.parkNanos(POLL_NANOS);
        }
      }
    }
  }

  private static int[] slots(int first, int last) {
    return IntStream.rangeClosed(first, last).toArray();
  }

  @Override
  public void close() {
    masters.forEach(LocalRedis::close);
  }
}
