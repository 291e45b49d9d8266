package io.rotatekv.cli.storebench;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.store.redis.LocalRedis;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;

/**
 * Redis on loopback through Lettuce: one value a command. Streams are pipelined, with some MiB on
 * the way. Puts go round over the same keys, which spares Redis an eviction.
 */
final class RedisContender implements Contender {

  private static final int WINDOW_BYTES = 4 << 20;
  private static final int MIN_WINDOW = 2;

  private final Values values;
  private final LocalRedis redis;
  private final RedisClient client;

  /**
   * Starts a server.
   *
   * @param program {@code redis-server} or {@code valkey-server}
   */
  RedisContender(Path program, Values values) {
    this.values = values;
    this.redis = LocalRedis.start(program);
    this.client = RedisClient.create(redis.uri());
  }

  @Override
  public void prepare(Cell cell) throws InterruptedException {
    try (StatefulRedisConnection<byte[], byte[]> connection =
        client.connect(ByteArrayCodec.INSTANCE)) {
      connection.sync().flushall();
      if (cell.op().writes()) {
        return;
      }
      long count = (long) cell.callsInTurn() * cell.valuesPerCall();
      Pipeline pipeline = new Pipeline(connection, cell);
      for (long number = 0; number < count; number++) {
        pipeline.set(number);
      }
      pipeline.drain();
    }
  }

  @Override
  public Caller connect(Cell cell, int number) {
    StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE);
    Pipeline pipeline = new Pipeline(connection, cell);
    return new Caller() {
      @Override
      public void call(long n) throws InterruptedException {
        int count = cell.valuesPerCall();
        long first = Math.floorMod(n + number, (long) cell.callsInTurn()) * count;
        for (int i = 0; i < count; i++) {
          if (cell.op().writes()) {
            pipeline.set(first + i);
          } else {
            pipeline.get(first + i);
          }
        }
        pipeline.drain();
      }

      @Override
      public void close() {
        connection.close();
      }
    };
  }

  @Override
  public void close() {
    client.close();
    redis.close();
  }

  /** Commands of one connection, so many on the way at a time. */
  private final class Pipeline {

    private final StatefulRedisConnection<byte[], byte[]> connection;
    private final Cell cell;
    private final int window;
    private final Queue<RedisFuture<?>> onTheWay = new ArrayDeque<>();

    Pipeline(StatefulRedisConnection<byte[], byte[]> connection, Cell cell) {
      this.connection = connection;
      this.cell = cell;
      this.window = Math.max(MIN_WINDOW, WINDOW_BYTES / cell.valueBytes());
    }

    void set(long number) throws InterruptedException {
      byte[] value = new byte[cell.valueBytes()];
      ByteBuffer bytes = values.value(number, cell.valueBytes());
      bytes.get(value);
      add(connection.async().set(key(number), value));
    }

    void get(long number) throws InterruptedException {
      add(connection.async().get(key(number)));
    }

    void drain() throws InterruptedException {
      while (!onTheWay.isEmpty()) {
        await(onTheWay.remove());
      }
    }

    private void add(RedisFuture<?> command) throws InterruptedException {
      onTheWay.add(command);
      if (onTheWay.size() >= window) {
        await(onTheWay.remove());
      }
    }

    private void await(RedisFuture<?> command) throws InterruptedException {
      try {
        Object answer = command.get();
        if (answer == null
            || (answer instanceof byte[] value && value.length != cell.valueBytes())) {
          throw new CommandException("Redis lost a value", "give it more memory");
        }
      } catch (ExecutionException e) {
        throw new CommandException("a command of Redis failed: " + e.getMessage(), "", e);
      }
    }

    private byte[] key(long number) {
      return ("rotatekv:" + number).getBytes(StandardCharsets.US_ASCII);
    }
  }
}
