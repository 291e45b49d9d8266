package io.rotatekv.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The committed sets, and which of them go first.
 *
 * <p>Caffeine holds them, each weighing its pages, with the store's pages as the bound. The bound
 * is never passed, because pages are taken before a set is linked and given back after it is
 * unlinked, so Caffeine evicts nothing by itself; it keeps the order of its policy (W-TinyLFU), and
 * {@link #evict} takes from its cold end. The policy knows neither chains nor leases: what it names
 * is where a tail of the chain begins, and the tail goes from its end on, as far as nothing
 * protects it. A read touches a chain's head at least as often as its tail, so what is named is
 * mostly cold as a whole. (Caffeine records reads once it is half full; before that nothing goes.)
 *
 * <p>Look-ups and leases take no lock. One lock guards what changes the set of sets.
 */
final class SetIndex {

  /** Keys whose end is remembered, some 150 bytes each. */
  private static final int REMEMBERED = 1 << 16;

  private final long lease;
  private final long timeToLive;
  private final Cache<SetKey, StoredSet> sets;
  private final Policy.Eviction<SetKey, StoredSet> policy;
  private final Cache<SetKey, MissReason> gone =
      Caffeine.newBuilder().maximumSize(REMEMBERED).executor(Runnable::run).build();
  private final SetTree tree = new SetTree();
  private final Pins pins;
  private long committed;
  private long payloadBytes;
  private long payloadTokens;

  /**
   * An empty index.
   *
   * @param pages bound on the pages of all sets
   * @param lease from the last use on
   * @param timeToLive from the last use on; zero for ever
   * @param maxPinned share of the pages that pins may hold
   */
  SetIndex(long pages, Duration lease, Duration timeToLive, double maxPinned) {
    this.lease = lease.toMillis();
    this.timeToLive = timeToLive.toMillis();
    sets =
        Caffeine.newBuilder()
            .maximumWeight(pages)
            .weigher((SetKey key, StoredSet set) -> set.pages())
            .executor(Runnable::run)
            .build();
    policy = sets.policy().eviction().orElseThrow();
    pins = new Pins(pages, maxPinned);
  }

  /** A set, or why it cannot be served. */
  record Lookup(@Nullable StoredSet set, MissReason reason) {}

  /** What the index sums up to. */
  record Totals(
      long sets, long payloadBytes, long payloadTokens, long pinnedSets, long pinnedPages) {}

  /** A set without a trace of the question. */
  Lookup peek(BlockNamespace namespace, BlockKey key, long now) {
    SetKey at = new SetKey(namespace.tenant(), key);
    return judge(namespace, at, sets.policy().getIfPresentQuietly(at), now);
  }

  /** A set, which counts as used and whose lease is renewed. */
  Lookup use(BlockNamespace namespace, BlockKey key, long now) {
    SetKey at = new SetKey(namespace.tenant(), key);
    Lookup lookup = judge(namespace, at, sets.getIfPresent(at), now);
    // Whoever evicts it at the same time either sees the new lease or has ended the set before.
    return lookup.set() == null || lookup.set().renew(now) ? lookup : gone(at);
  }

  /** Makes a set readable; false if its key is taken. */
  synchronized boolean link(StoredSet set) {
    if (sets.asMap().putIfAbsent(set.key(), set) != null) {
      return false;
    }
    gone.invalidate(set.key());
    set.begin();
    tree.add(set);
    count(set, 1);
    set.tenant().linked(set.manifest());
    return true;
  }

  /**
   * Takes a set out, so that nobody finds it any more; its pages are the caller's to remove.
   *
   * @return false if somebody else has done so
   */
  synchronized boolean unlink(StoredSet set, MissReason reason) {
    if (!set.isLive()) {
      return false;
    }
    set.end();
    detach(set, reason);
    sets.invalidate(set.key());
    return true;
  }

  /**
   * Takes sets out that are used least, tails first, until they had so many pages or nothing more
   * may go; their pages are the caller's to remove.
   *
   * @param tenant whose sets, or null for anybody's
   */
  synchronized List<StoredSet> evict(long now, long pages, @Nullable TenantUsage tenant) {
    List<StoredSet> victims = policy.coldest(coldest -> detachColdest(coldest, now, pages, tenant));
    victims.forEach(victim -> sets.invalidate(victim.key()));
    return victims;
  }

  /** Takes out what has outlived its time, tails first; the pages are the caller's to remove. */
  List<StoredSet> expire(long now) {
    if (timeToLive == 0) {
      return List.of();
    }
    List<StoredSet> expired =
        sets.asMap().values().stream().filter(set -> isExpired(set, set.usedAt(), now)).toList();
    List<StoredSet> victims = new ArrayList<>();
    synchronized (this) {
      expired.forEach(set -> detachTail(set, now, Long.MAX_VALUE, victims));
      victims.forEach(victim -> sets.invalidate(victim.key()));
    }
    return victims;
  }

  /**
   * Pins sets of one tenant, up to the first that has left meanwhile, and says how many; see {@link
   * Pins#pin}.
   */
  synchronized int pin(
      TenantUsage tenant, List<StoredSet> found, String holder, long until, long now) {
    List<StoredSet> live = found.stream().takeWhile(StoredSet::isLive).toList();
    pins.pin(tenant, live, holder, until, now);
    return live.size();
  }

  synchronized boolean unpin(StoredSet set, String holder, long now) {
    return pins.unpin(set, holder, now);
  }

  synchronized void forgetPins(long now) {
    pins.forget(now);
  }

  /** Milliseconds until the first set may go; 0 if one may now, or there is none. */
  long untilEvictable(long now, @Nullable TenantUsage tenant) {
    Predicate<StoredSet> matches = set -> tenant == null || tenant == set.tenant();
    return sets.asMap().values().stream()
        .filter(matches)
        .mapToLong(set -> Math.max(0, protectedUntil(set, set.usedAt()) - now))
        .min()
        .orElse(0);
  }

  /** All sets at this instant, in no order. */
  List<StoredSet> snapshot() {
    return List.copyOf(sets.asMap().values());
  }

  SetEntry entry(StoredSet set, int pageBytes, long now) {
    int children;
    synchronized (this) {
      children = tree.children(set);
    }
    Manifest manifest = set.manifest();
    long usedAt = Math.max(set.usedAt(), manifest.committedAt());
    return new SetEntry(
        manifest.namespace(),
        manifest.set(),
        set.layers(),
        manifest.payloadBytes(),
        (long) set.pages() * pageBytes,
        now - manifest.committedAt(),
        now - usedAt,
        Math.max(0, usedAt + lease - now),
        Math.max(0, set.pinnedUntil() - now),
        children);
  }

  long leased(long now) {
    return sets.asMap().values().stream().filter(set -> now < set.usedAt() + lease).count();
  }

  synchronized Totals totals() {
    return new Totals(committed, payloadBytes, payloadTokens, pins.sets(), pins.pages());
  }

  private Lookup judge(BlockNamespace namespace, SetKey at, @Nullable StoredSet set, long now) {
    if (set == null || !set.isLive()) {
      return gone(at);
    }
    if (!set.manifest().namespace().equals(namespace)) {
      return new Lookup(null, MissReason.MISS_REASON_CODEC_MISMATCH);
    }
    if (isExpired(set, set.usedAt(), now)) {
      return new Lookup(null, MissReason.MISS_REASON_EXPIRED);
    }
    return new Lookup(set, MissReason.MISS_REASON_UNSPECIFIED);
  }

  private Lookup gone(SetKey at) {
    MissReason reason = gone.getIfPresent(at);
    return new Lookup(null, reason == null ? MissReason.MISS_REASON_ABSENT : reason);
  }

  private List<StoredSet> detachColdest(
      Stream<Policy.CacheEntry<SetKey, StoredSet>> coldest,
      long now,
      long pages,
      @Nullable TenantUsage tenant) {
    List<StoredSet> victims = new ArrayList<>();
    long left = pages;
    for (Iterator<Policy.CacheEntry<SetKey, StoredSet>> each = coldest.iterator();
        left > 0 && each.hasNext(); ) {
      StoredSet named = each.next().getValue();
      if (tenant == null || tenant == named.tenant()) {
        left -= detachTail(named, now, left, victims);
      }
    }
    return victims;
  }

  /** Takes sets out from the end of a tail up to where it begins; returns their pages. */
  private long detachTail(StoredSet named, long now, long pages, List<StoredSet> victims) {
    long taken = 0;
    while (taken < pages && named.isLive() && !isProtected(named, named.usedAt(), now)) {
      StoredSet tail = tree.tail(named);
      long usedAt = tail.usedAt();
      if (isProtected(tail, usedAt, now) || !tail.endUnlessUsed(usedAt)) {
        break;
      }
      detach(
          tail,
          isExpired(tail, usedAt, now)
              ? MissReason.MISS_REASON_EXPIRED
              : MissReason.MISS_REASON_EVICTED);
      victims.add(tail);
      taken += tail.pages();
    }
    return taken;
  }

  /**
   * All of taking out a set that has ended but Caffeine's part, which may not be changed while its
   * order is read.
   */
  private void detach(StoredSet set, MissReason reason) {
    if (reason != MissReason.MISS_REASON_ABSENT) {
      gone.put(set.key(), reason);
    }
    tree.remove(set);
    pins.drop(set);
    count(set, -1);
    set.tenant().unlinked(set.manifest());
  }

  private void count(StoredSet set, int sign) {
    committed += sign;
    payloadBytes += sign * set.manifest().payloadBytes();
    payloadTokens += (long) sign * set.manifest().set().tokens();
  }

  private long protectedUntil(StoredSet set, long usedAt) {
    return Math.max(usedAt + lease, set.pinnedUntil());
  }

  private boolean isProtected(StoredSet set, long usedAt, long now) {
    return now < protectedUntil(set, usedAt);
  }

  private boolean isExpired(StoredSet set, long usedAt, long now) {
    return timeToLive > 0 && now >= usedAt + timeToLive && now >= set.pinnedUntil();
  }
}
