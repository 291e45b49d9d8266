package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.cli.ClusterFixture.Reply;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.store.redis.LocalRedis;
import io.rotatekv.v1.GenerateRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What real nodes make of stores that stop, that are several, and that keep their blocks in Redis.
 */
@Timeout(300)
final class StoresIT {

  private static final int CLIENTS = 2;
  private static final int MAX_TOKENS = 12;
  private static final GenerateRequest REQUEST =
      GenerateRequest.newBuilder().setPrompt(TestPrompts.STORY).setMaxTokens(MAX_TOKENS).build();

  /** An answer, and how long the client waited for it. */
  private record Timed(Reply reply, Duration time) {

    boolean fromStore() {
      return reply.summary().getCachedPrefixTokens() > 0
          && reply.summary().getWarningsList().isEmpty();
    }

    boolean warns(String what) {
      return reply.summary().getWarningsList().stream().anyMatch(text -> text.contains(what));
    }
  }

  /** Clients that ask the same question again and again. */
  private static final class Traffic implements AutoCloseable {

    final BlockingQueue<Timed> answers = new LinkedBlockingQueue<>();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    private volatile boolean stopped;

    Traffic(ClusterFixture cluster) {
      for (int client = 0; client < CLIENTS; client++) {
        clients.execute(() -> {
          while (!stopped) {
            long start = System.nanoTime();
            Reply reply = cluster.generate(REQUEST);
            answers.add(new Timed(reply, Duration.ofNanos(System.nanoTime() - start)));
          }
        });
      }
    }

    /** Takes answers, all of them right, until one is as wanted; returns the longest wait. */
    Duration until(Predicate<Timed> wanted, List<Integer> expected) throws InterruptedException {
      Duration longest = Duration.ZERO;
      while (true) {
        Timed next = answers.take();
        assertEquals(expected, next.reply.tokens());
        longest = next.time.compareTo(longest) > 0 ? next.time : longest;
        if (wanted.test(next)) {
          return longest;
        }
      }
    }

    @Override
    public void close() {
      stopped = true;
      clients.close();
    }
  }

  @Test
  void aStoppedStoreCostsTimeAndIsInUseAgainWhenItGoesOn() throws Exception {
    try (ClusterFixture cluster =
        ClusterFixture.start(Map.of("ROTATEKV_DECODE_FETCH_TIMEOUT", "2s"))) {
      List<Integer> expected = cluster.generate(REQUEST).tokens();
      try (Traffic traffic = new Traffic(cluster)) {
        Duration well = traffic.until(Timed::fromStore, expected);
        cluster.signal(ServiceKind.KV_STORE, "STOP");
        Duration slow = traffic.until(answer -> answer.warns("failed repeatedly"), expected);
        traffic.answers.clear();
        Duration without = traffic.until(answer -> answer.warns("failed repeatedly"), expected);
        assertTrue(cluster.log(ServiceKind.DECODE).contains("circuit OPEN"));

        long gone = System.nanoTime();
        cluster.signal(ServiceKind.KV_STORE, "CONT");
        traffic.until(Timed::fromStore, expected);
        Duration back = Duration.ofNanos(System.nanoTime() - gone);
        assertTrue(cluster.log(ServiceKind.DECODE).contains("circuit CLOSED"));
        System.out.printf(
            "answers: %d ms with the store, at most %d ms until the breaker opened, %d ms without;"
                + " in use again %d ms after SIGCONT%n",
            well.toMillis(), slow.toMillis(), without.toMillis(), back.toMillis());
      }
    }
  }

  @Test
  void aReplicaAnswersForAStoreThatIsGone() throws InterruptedException {
    try (ClusterFixture cluster =
        ClusterFixture.start(Map.of("ROTATEKV_STORE_COUNT", "2", "ROTATEKV_STORE_REPLICAS", "2"))) {
      Reply first = cluster.generate(REQUEST);
      assertEquals(List.of(), first.summary().getWarningsList());
      cluster.kill(ServiceKind.KV_STORE);
      Reply second = cluster.generate(REQUEST);
      assertEquals(first.tokens(), second.tokens());
      assertEquals(List.of(), second.summary().getWarningsList());
      assertTrue(second.summary().getCachedPrefixTokens() > 0);
    }
  }

  @Test
  void blocksInRedisOutliveTheirStore() throws Exception {
    try (LocalRedis redis = LocalRedis.start(redisServer())) {
      Map<String, String> settings =
          Map.of("ROTATEKV_STORE_ENGINE", "redis", "ROTATEKV_STORE_REDIS_URIS", redis.uri());
      Reply first;
      try (ClusterFixture cluster = ClusterFixture.start(settings)) {
        first = cluster.generate(REQUEST);
        assertEquals(0, first.summary().getCachedPrefixTokens());
        assertEquals(List.of(), first.summary().getWarningsList());
      }
      try (ClusterFixture cluster = ClusterFixture.start(settings)) {
        Reply second = cluster.generate(REQUEST);
        assertEquals(first.tokens(), second.tokens());
        assertEquals(List.of(), second.summary().getWarningsList());
        assertTrue(second.summary().getCachedPrefixTokens() > 0);
      }
    }
  }

  private static Path redisServer() throws IOException, InterruptedException {
    Process script =
        new ProcessBuilder(Path.of("..", "deploy", "find-redis").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String path = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, script.waitFor(), "deploy/find-redis found no redis-server");
    return Path.of(path.strip());
  }
}
