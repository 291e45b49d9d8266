package io.rotatekv.store.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.rotatekv.proto.StartupException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LocalRedisTest {

  @Test
  void answersAndIsGoneAfterClose() throws Exception {
    ProcessHandle process;
    try (LocalRedis redis = LocalRedis.start(RedisProgram.find());
        RedisClient client = RedisClient.create(redis.uri());
        StatefulRedisConnection<String, String> connection = client.connect()) {
      process = ProcessHandle.of(redis.pid()).orElseThrow();
      assertEquals("PONG", connection.sync().ping());
      assertTrue(process.isAlive());
    }
    assertFalse(process.isAlive());
  }

  @Test
  void aServerThatRefusesItsOptionsSaysWhy() throws Exception {
    Path program = RedisProgram.find();
    StartupException failure =
        assertThrows(StartupException.class, () -> LocalRedis.start(program, "--maxmemory", "x"));
    assertTrue(String.valueOf(failure.getMessage()).contains("maxmemory"), failure.getMessage());
  }

  @Test
  void aMachineWithoutAServerIsToldTheCure() {
    StartupException failure =
        assertThrows(
            StartupException.class,
            () -> LocalRedis.find(Map.of("PATH", "/nowhere", "ROTATEKV_CACHE", "/nowhere")));
    assertTrue(String.valueOf(failure.getMessage()).contains("apt-get install redis-server"));
  }
}
