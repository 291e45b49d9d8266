package io.rotatekv.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.rotatekv.v1.MissReason;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The committed sets, who is whose child, and who goes first.
 *
 * <p>Chains share prefixes, so sets form a tree, and a set without its ancestors is of no use: only
 * leaves are evicted. Leaves are ordered by their last use, by a counter and not the clock, so that
 * the blocks of one read keep their order. That is plain LRU: Caffeine's policy is better on mixed
 * traffic, but it evicts any entry when it likes, and neither the tree nor a lease can hold it
 * back.
 *
 * <p>One lock guards it all; every method is a few look-ups, and blocks are copied outside.
 */
final class SetIndex {

  /** Keys whose end is remembered, some 100 bytes each. */
  private static final int REMEMBERED = 1 << 16;

  private final long lease;
  private final long timeToLive;
  private final Map<BlockKey, StoredSet> sets = new HashMap<>();
  private final Map<BlockKey, Integer> children = new HashMap<>();
  private final TreeMap<Long, StoredSet> leaves = new TreeMap<>();
  private final Cache<BlockKey, MissReason> gone =
      Caffeine.newBuilder().maximumSize(REMEMBERED).executor(Runnable::run).build();
  private long ticks;
  private long payloadBytes;
  private long payloadTokens;

  /** Times in milliseconds; a time to live of 0 is for ever. */
  SetIndex(long lease, long timeToLive) {
    this.lease = lease;
    this.timeToLive = timeToLive;
  }

  /** A set, or why it cannot be served. */
  record Lookup(@Nullable StoredSet set, MissReason reason) {}

  /** What the index sums up to. */
  record Totals(int sets, long payloadBytes, long payloadTokens) {}

  synchronized Lookup peek(BlockNamespace namespace, BlockKey key, long now) {
    StoredSet set = sets.get(key);
    if (set == null) {
      MissReason reason = gone.getIfPresent(key);
      return new Lookup(null, reason == null ? MissReason.MISS_REASON_ABSENT : reason);
    }
    BlockNamespace owner = set.manifest().namespace();
    if (!owner.tenant().equals(namespace.tenant())) {
      return new Lookup(null, MissReason.MISS_REASON_ABSENT);
    }
    if (!owner.equals(namespace)) {
      return new Lookup(null, MissReason.MISS_REASON_CODEC_MISMATCH);
    }
    if (isExpired(set, now)) {
      return new Lookup(null, MissReason.MISS_REASON_EXPIRED);
    }
    return new Lookup(set, MissReason.MISS_REASON_UNSPECIFIED);
  }

  /** Like {@link #peek}, and renews the lease of what it finds. */
  synchronized Lookup use(BlockNamespace namespace, BlockKey key, long now) {
    Lookup lookup = peek(namespace, key, now);
    if (lookup.set() != null) {
      touch(lookup.set(), now);
    }
    return lookup;
  }

  /** Makes a set readable; false if its key is taken. */
  synchronized boolean link(StoredSet set) {
    if (sets.putIfAbsent(set.key(), set) != null) {
      return false;
    }
    gone.invalidate(set.key());
    set.tick = ++ticks;
    BlockKey parent = set.manifest().set().parent();
    children.merge(parent, 1, Integer::sum);
    StoredSet above = sets.get(parent);
    if (above != null) {
      leaves.remove(above.tick);
    }
    if (!children.containsKey(set.key())) {
      leaves.put(set.tick, set);
    }
    payloadBytes += set.manifest().payloadBytes();
    payloadTokens += set.manifest().set().tokens();
    return true;
  }

  /**
   * Takes a set out, so that nobody finds it any more; its pages are the caller's to remove.
   *
   * @return false if somebody else has done so
   */
  synchronized boolean unlink(StoredSet set, MissReason reason) {
    if (!sets.remove(set.key(), set)) {
      return false;
    }
    leaves.remove(set.tick);
    if (reason != MissReason.MISS_REASON_ABSENT) {
      gone.put(set.key(), reason);
    }
    BlockKey parent = set.manifest().set().parent();
    if (children.merge(parent, -1, Integer::sum) == 0) {
      children.remove(parent);
      StoredSet above = sets.get(parent);
      if (above != null) {
        leaves.put(above.tick, above);
      }
    }
    payloadBytes -= set.manifest().payloadBytes();
    payloadTokens -= set.manifest().set().tokens();
    return true;
  }

  /** Takes the leaf out that was used longest ago, unless its lease holds; null if none may go. */
  synchronized @Nullable StoredSet evict(long now) {
    Map.Entry<Long, StoredSet> oldest = leaves.firstEntry();
    if (oldest == null || now < oldest.getValue().usedAt + lease) {
      return null;
    }
    StoredSet set = oldest.getValue();
    unlink(
        set, isExpired(set, now) ? MissReason.MISS_REASON_EXPIRED : MissReason.MISS_REASON_EVICTED);
    return set;
  }

  /** Takes a leaf out that has outlived its time; null if there is none. */
  synchronized @Nullable StoredSet expire(long now) {
    Map.Entry<Long, StoredSet> oldest = leaves.firstEntry();
    return oldest != null && isExpired(oldest.getValue(), now) ? evict(now) : null;
  }

  /** Milliseconds until the first lease ends; 0 if one has, or there is none. */
  synchronized long untilEvictable(long now) {
    return leaves.isEmpty() ? 0 : Math.max(0, leaves.firstEntry().getValue().usedAt + lease - now);
  }

  /** Whether a set that was found is still what its key stands for. */
  synchronized boolean isLive(StoredSet set) {
    return sets.get(set.key()) == set;
  }

  synchronized Totals totals() {
    return new Totals(sets.size(), payloadBytes, payloadTokens);
  }

  private boolean isExpired(StoredSet set, long now) {
    return timeToLive > 0 && now >= set.usedAt + timeToLive;
  }

  private void touch(StoredSet set, long now) {
    set.usedAt = now;
    boolean leaf = leaves.remove(set.tick) != null;
    set.tick = ++ticks;
    if (leaf) {
      leaves.put(set.tick, set);
    }
  }
}
