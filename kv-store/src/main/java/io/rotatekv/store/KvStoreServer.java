package io.rotatekv.store;

import io.grpc.BindableService;
import io.rotatekv.proto.GrpcServers;
import io.rotatekv.proto.NodeService;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.StartupException;
import io.rotatekv.proto.Wire;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.NodeLimits;
import io.rotatekv.v1.NodeRole;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a store node. */
public final class KvStoreServer {

  private static final Logger log = LoggerFactory.getLogger(KvStoreServer.class);
  private static final Duration RECLAIM_EVERY = Duration.ofSeconds(1);
  private static final int MIN_THREADS = 4;

  private KvStoreServer() {}

  /**
   * Opens a store over Chronicle Map and serves it; closing the server closes the store.
   *
   * @throws StartupException if the file or the port cannot be used; nothing stays open
   */
  public static RunningServer start(StoreConfig config) {
    return start(config, ChronicleStorage::open);
  }

  /**
   * Opens a store over the given storage and serves it; closing the server closes both.
   *
   * @throws StartupException if the storage or the port cannot be used; nothing stays open
   */
  public static RunningServer start(StoreConfig config, PageStorage.Opener storage) {
    ScheduledExecutorService reclaimer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("kv-store-reclaim").daemon().factory());
    BlockStore store;
    try {
      store = PagedBlockStore.open(config, storage, InstantSource.system(), reclaimer);
    } catch (StartupException e) {
      reclaimer.close();
      throw e;
    }
    try {
      RunningServer server =
          GrpcServers.start(config.server(), workers(), services(store, config), reclaimer, store);
      var _ =
          reclaimer.scheduleWithFixedDelay(
              () -> reclaim(store),
              RECLAIM_EVERY.toMillis(),
              RECLAIM_EVERY.toMillis(),
              TimeUnit.MILLISECONDS);
      return server;
    } catch (StartupException e) {
      reclaimer.close();
      store.close();
      throw e;
    }
  }

  /**
   * The services of a store node, for any server. Their calls must run on a bounded number of
   * platform threads, for Chronicle keeps a context for each thread it has met.
   */
  public static List<BindableService> services(BlockStore store, StoreConfig config) {
    DescribeResponse description =
        DescribeResponse.newBuilder()
            .setRole(NodeRole.NODE_ROLE_KV_STORE)
            .setVersion(NodeService.version())
            .setLimits(
                NodeLimits.newBuilder()
                    .setStoreCapacityBytes(config.capacityBytes())
                    .setMessageBytes(Wire.MAX_MESSAGE_BYTES))
            .build();
    return List.of(KvStoreService.of(store, config.limits()), new NodeService(description));
  }

  /** A scheduled task that throws is never run again; this one must be. */
  private static void reclaim(BlockStore store) {
    try {
      store.reclaim();
    } catch (RuntimeException e) {
      log.error("reclaiming failed; trying again in {}", RECLAIM_EVERY, e);
    }
  }

  private static ExecutorService workers() {
    int threads = Math.max(MIN_THREADS, 2 * Runtime.getRuntime().availableProcessors());
    return Executors.newFixedThreadPool(
        threads, Thread.ofPlatform().name("kv-store-", 0).daemon().factory());
  }
}
