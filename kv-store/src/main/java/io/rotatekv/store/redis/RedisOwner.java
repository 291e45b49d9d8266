package io.rotatekv.store.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.rotatekv.proto.StartupException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to a prefix of keys, for one node at a time, since its index lives in that node. Held
 * by a key that expires unless it is renewed: a node that cannot renew it stops to write before
 * another can have taken over.
 */
final class RedisOwner {

  private static final Logger log = LoggerFactory.getLogger(RedisOwner.class);

  private static final String RENEW =
      "if redis.call('get', KEYS[1]) == ARGV[1] then"
          + " return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";
  private static final String RELEASE =
      "if redis.call('get', KEYS[1]) == ARGV[1] then"
          + " return redis.call('del', KEYS[1]) else return 0 end";
  private static final Duration POLL = Duration.ofMillis(100);

  private final RedisLink link;
  private final String key;
  private final Duration ownership;
  private final byte[] token = bytes(UUID.randomUUID().toString());
  private volatile long ownedUntil;

  RedisOwner(RedisLink link, RedisOptions options) {
    this.link = link;
    this.key = options.prefix() + "owner";
    this.ownership = options.ownership();
  }

  /**
   * Takes the right, after a node that crashed at most as long as its ownership lasts.
   *
   * @throws StartupException if another node has it and renews it
   */
  void take() {
    long patience = System.nanoTime() + ownership.toNanos() + 2 * POLL.toNanos();
    boolean told = false;
    for (long start = System.nanoTime(); !tryTake(start); start = System.nanoTime()) {
      if (start > patience) {
        throw new StartupException(
            "another kv-store uses the keys '%s*' of these Redis servers; stop it, or give this one another store.redis-prefix"
                .formatted(key.substring(0, key.length() - "owner".length())));
      }
      if (!told) {
        told = true;
        log.warn("{} is held by another kv-store; waiting until it has expired", key);
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /** Renews the right; once it has lapsed, it is lost. */
  void renew() {
    long start = System.nanoTime();
    try {
      Long renewed =
          link.control()
              .eval(
                  RENEW,
                  ScriptOutputType.INTEGER,
                  new String[] {key},
                  token,
                  bytes(Long.toString(ownership.toMillis())));
      if (renewed == 1) {
        ownedUntil = start + ownership.toNanos();
      } else {
        log.error("{} has been taken by another kv-store; this one writes no more", key);
        ownedUntil = start;
      }
    } catch (RedisException e) {
      log.warn("{} could not be renewed: {}", key, RedisLink.root(e));
    }
  }

  /** Whether nobody else can have taken the right. */
  boolean isHeld() {
    return System.nanoTime() - ownedUntil < 0;
  }

  void release() {
    try {
      link.control().eval(RELEASE, ScriptOutputType.INTEGER, new String[] {key}, token);
    } catch (RedisException e) {
      log.warn("{} could not be released; it expires: {}", key, RedisLink.root(e));
    }
  }

  private boolean tryTake(long start) {
    boolean taken =
        "OK".equals(link.control().set(key, token, SetArgs.Builder.nx().px(ownership.toMillis())));
    if (taken) {
      ownedUntil = start + ownership.toNanos();
    }
    return taken;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
