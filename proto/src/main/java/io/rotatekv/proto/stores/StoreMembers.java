package io.rotatekv.proto.stores;

import io.rotatekv.proto.StoreClient;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client for each store; those of a DNS name come and go with its addresses. */
final class StoreMembers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StoreMembers.class);

  /** How old an answer of DNS may be. */
  private static final Duration RESOLVE_EVERY = Duration.ofSeconds(30);

  /** How soon a name without addresses is asked again. */
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** How long a store that left the name may end what it has begun. */
  private static final Duration LINGER = Duration.ofSeconds(60);

  private final StoreTargets targets;
  private final Function<String, StoreClient> connect;
  private final InstantSource clock;
  private final Map<String, StoreClient> clients = new HashMap<>();
  private List<StoreClient> members = List.of();
  private long resolveAt = Long.MIN_VALUE;

  StoreMembers(StoreTargets targets, Function<String, StoreClient> connect, InstantSource clock) {
    this.targets = targets;
    this.connect = connect;
    this.clock = clock;
  }

  /** The clients now; empty where a name has no addresses. */
  synchronized List<StoreClient> now() {
    long now = clock.millis();
    if (now >= resolveAt) {
      resolve(now);
    }
    return members;
  }

  private void resolve(long now) {
    try {
      update(targets.resolve());
      resolveAt =
          targets instanceof StoreTargets.Listed ? Long.MAX_VALUE : now + RESOLVE_EVERY.toMillis();
    } catch (UnknownHostException e) {
      log.warn("the stores' name has no addresses; keeping {} stores: {}", members.size(), e);
      resolveAt = now + RETRY_AFTER.toMillis();
    }
  }

  private void update(List<String> wanted) {
    List<StoreClient> left = new ArrayList<>();
    clients
        .entrySet()
        .removeIf(entry -> !wanted.contains(entry.getKey()) && left.add(entry.getValue()));
    left.forEach(client ->
        CompletableFuture.delayedExecutor(LINGER.toSeconds(), TimeUnit.SECONDS)
            .execute(client::close));
    wanted.forEach(target -> clients.computeIfAbsent(target, connect));
    members = wanted.stream().map(clients::get).toList();
  }

  @Override
  public synchronized void close() {
    resolveAt = Long.MAX_VALUE;
    members = List.of();
    clients.values().forEach(StoreClient::close);
    clients.clear();
  }
}
