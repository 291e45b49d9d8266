package io.rotatekv.store.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.store.Pages;
import io.rotatekv.store.PagesUnavailableException;
import io.rotatekv.v1.ErrorReason;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pages as values of Redis, under {@code PREFIX{ID}:PAGE}. The braces put all pages of a set into
 * one slot of a cluster, so that a set is lost with its server whole, and is removed by one
 * command.
 */
final class RedisPages implements Pages {

  private static final Logger log = LoggerFactory.getLogger(RedisPages.class);
  private static final Duration RETRY_FULL = Duration.ofSeconds(1);
  private static final int SCAN_KEYS = 1000;

  private final RedisLink link;
  private final RedisOwner owner;
  private final String prefix;
  private final int pageBytes;
  private final OpenSets open;

  /** Keys whose removal failed; they are tried again, for nothing else would ever remove them. */
  private final Queue<String[]> leftOver = new ConcurrentLinkedQueue<>();

  RedisPages(RedisLink link, RedisOwner owner, String prefix, int pageBytes) {
    this.link = link;
    this.owner = owner;
    this.prefix = prefix;
    this.pageBytes = pageBytes;
    this.open = new OpenSets(pageBytes);
  }

  @Override
  public int pageBytes() {
    return pageBytes;
  }

  @Override
  public long mappedBytes() {
    return 0;
  }

  @Override
  public void insert(long id, int page) {
    if (page == 0) {
      open.begin(id);
    } else {
      store(open.get(id).next(page));
    }
  }

  @Override
  public void write(long id, int page, int at, MemorySegment bytes) {
    open.get(id).write(page, at, bytes);
  }

  @Override
  public void finish(long id, MemorySegment manifest) {
    OpenSet set = open.get(id);
    store(set.last());
    set.write(0, 0, manifest);
    store(set.first());
    open.end(id);
  }

  private void store(OpenSet.@Nullable Page page) {
    if (page == null) {
      return;
    }
    if (!owner.isHeld()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_STORAGE,
          "this kv-store no longer owns its keys in Redis; restart it");
    }
    try {
      await(link.pages().set(name(page.id(), page.number()), page.bytes()));
    } catch (RedisException e) {
      throw failed(e);
    }
  }

  @Override
  public boolean read(long id, long offset, MemorySegment into) {
    List<RedisFuture<byte[]>> parts = new ArrayList<>();
    try {
      for (long done = 0; done < into.byteSize(); ) {
        long position = offset + done;
        long inPage = position % pageBytes;
        long length = Math.min(into.byteSize() - done, pageBytes - inPage);
        String name = name(id, (int) (position / pageBytes));
        parts.add(link.pages().getrange(name, inPage, inPage + length - 1));
        done += length;
      }
      long done = 0;
      for (RedisFuture<byte[]> future : parts) {
        byte[] part = await(future);
        if (part.length == 0 || part.length > into.byteSize() - done) {
          return false;
        }
        MemorySegment.copy(MemorySegment.ofArray(part), 0, into, done, part.length);
        done += part.length;
      }
      return done == into.byteSize();
    } catch (RedisException e) {
      throw new PagesUnavailableException("Redis: " + RedisLink.root(e), e);
    }
  }

  @Override
  public void remove(long id, int pages) {
    open.end(id);
    if (pages == 0) {
      return;
    }
    String[] names = new String[pages];
    for (int page = 0; page < pages; page++) {
      names[page] = name(id, page);
    }
    remove(names);
  }

  @Override
  public void remove(long key) {
    remove(new String[] {name(Pages.id(key), Pages.page(key))});
  }

  /** Removes what could not be removed before. */
  void removeLeftOver() {
    for (int tries = leftOver.size(); tries > 0; tries--) {
      String[] names = leftOver.poll();
      if (names != null) {
        remove(names);
      }
    }
  }

  @Override
  public void forEachKey(LongConsumer visitor) {
    Set<Long> seen = new HashSet<>(); // A scan may give a key twice.
    ScanArgs pages = ScanArgs.Builder.limit(SCAN_KEYS).match(prefix + "{*}:*");
    ScanIterator<String> names = ScanIterator.scan(link.control(), pages);
    while (names.hasNext()) {
      long key = key(names.next());
      if (seen.add(key)) {
        visitor.accept(key);
      }
    }
  }

  private void remove(String[] names) {
    try {
      await(link.pages().unlink(names));
    } catch (RedisException e) {
      log.warn("{} pages could not be removed, trying again later: {}", names.length, root(e));
      leftOver.add(names);
    }
  }

  private String name(long id, int page) {
    return "%s{%x}:%x".formatted(prefix, id, page);
  }

  private long key(String name) {
    int colon = name.lastIndexOf(':');
    long id = Long.parseLong(name, prefix.length() + 1, colon - 1, 16);
    return Pages.key(id, Integer.parseInt(name, colon + 1, name.length(), 16));
  }

  private <T> T await(RedisFuture<T> future) {
    try {
      return future.get(link.timeout().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RedisException failure
          ? failure
          : new RedisException(e.getCause());
    } catch (TimeoutException e) {
      throw new RedisException("no answer within " + link.timeout(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RedisException("interrupted", e);
    }
  }

  private static ServiceException failed(RedisException e) {
    String message = root(e);
    return message.startsWith("OOM")
        ? new ServiceException(
            ErrorReason.ERROR_REASON_STORE_FULL,
            "the Redis servers are full before the store is; raise their maxmemory, or lower the store's capacity",
            RETRY_FULL)
        : new ServiceException(
            ErrorReason.ERROR_REASON_STORAGE, "the Redis servers failed: " + message, e);
  }

  private static String root(RedisException e) {
    return RedisLink.root(e);
  }
}
