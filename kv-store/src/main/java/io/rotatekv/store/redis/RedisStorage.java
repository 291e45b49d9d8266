package io.rotatekv.store.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.sync.RedisServerCommands;
import io.rotatekv.proto.StartupException;
import io.rotatekv.store.PageStorage;
import io.rotatekv.store.Pages;
import io.rotatekv.store.StoreConfig;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pages in Redis or Valkey, on one server or a cluster. The store's index, leases, pins and
 * eviction stay in its node, so the servers must not evict by themselves. What is stored outlives
 * the node: the next one that owns the prefix finds it.
 */
public final class RedisStorage implements PageStorage {

  /** Larger values hold up every other command on their connection. */
  private static final int MAX_PAGE_BYTES = 1 << 20;

  private static final Pattern MAX_MEMORY = Pattern.compile("maxmemory:(\\d+)");
  private static final Pattern POLICY = Pattern.compile("maxmemory_policy:(\\S+)");

  private final RedisLink link;
  private final RedisOwner owner;
  private final RedisPages pages;

  private RedisStorage(RedisLink link, RedisOwner owner, RedisPages pages) {
    this.link = link;
    this.owner = owner;
    this.pages = pages;
  }

  /**
   * Connects, checks the servers' memory and policy, and takes the prefix.
   *
   * @throws StartupException with the cure if the servers cannot be reached or do not fit the
   *     store, or another node owns the prefix
   */
  public static PageStorage open(RedisOptions options, StoreConfig config) {
    if (config.pageBytes() > MAX_PAGE_BYTES) {
      throw new StartupException(
          "pages of %d bytes are too large for Redis; lower store.page-size to at most 1MiB"
              .formatted(config.pageBytes()));
    }
    RedisLink link = RedisLink.connect(options);
    try {
      checkMemory(link, config);
      RedisOwner owner = new RedisOwner(link, options);
      owner.take();
      try {
        checkGeometry(link, options, config);
      } catch (RuntimeException e) {
        owner.release();
        throw e;
      }
      return new RedisStorage(
          link, owner, new RedisPages(link, owner, options.prefix(), config.pageBytes()));
    } catch (RedisException e) {
      link.close();
      throw new StartupException(
          "the Redis servers refuse to serve the store: " + RedisLink.root(e), e);
    } catch (RuntimeException e) {
      link.close();
      throw e;
    }
  }

  @Override
  public String engine() {
    return "redis";
  }

  @Override
  public Pages pages() {
    return pages;
  }

  @Override
  public long fileBytes() {
    return 0;
  }

  @Override
  public void keepAlive() {
    owner.renew();
    pages.removeLeftOver();
  }

  @Override
  public void abort() {
    close();
  }

  @Override
  public void close() {
    owner.release();
    link.close();
  }

  /** A server that evicts would take pages out of the middle of sets. */
  private static void checkMemory(RedisLink link, StoreConfig config) {
    long sum = 0;
    boolean bounded = true;
    for (RedisServerCommands<String, byte[]> master : link.masters()) {
      String info = master.info("memory");
      long most = Long.parseLong(find(MAX_MEMORY, info, "0"));
      String policy = find(POLICY, info, "noeviction");
      if (most > 0 && !policy.equals("noeviction")) {
        throw new StartupException(
            "a Redis server evicts by %s, but the store evicts itself; set its maxmemory-policy to noeviction"
                .formatted(policy));
      }
      bounded &= most > 0;
      sum += most;
    }
    if (bounded && sum < config.capacityBytes()) {
      throw new StartupException(
          "the Redis servers' maxmemory is %d bytes, less than the store's capacity of %d; raise one, or lower the other"
              .formatted(sum, config.capacityBytes()));
    }
  }

  private static void checkGeometry(RedisLink link, RedisOptions options, StoreConfig config) {
    String key = options.prefix() + "page-bytes";
    byte[] wanted = Integer.toString(config.pageBytes()).getBytes(StandardCharsets.US_ASCII);
    link.control().set(key, wanted, SetArgs.Builder.nx());
    String made = new String(link.control().get(key), StandardCharsets.US_ASCII);
    if (!made.equals(Integer.toString(config.pageBytes()))) {
      throw new StartupException(
          "the keys '%s*' were made with pages of %s bytes, and %d are configured; set store.page-size to that, or take another store.redis-prefix"
              .formatted(options.prefix(), made, config.pageBytes()));
    }
  }

  private static String find(Pattern pattern, String info, String otherwise) {
    Matcher matcher = pattern.matcher(info);
    return matcher.find() ? matcher.group(1) : otherwise;
  }
}
