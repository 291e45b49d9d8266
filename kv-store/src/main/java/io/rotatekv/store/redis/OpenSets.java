package io.rotatekv.store.redis;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The sets that are being put, within a bound on the heap that their pages take. */
final class OpenSets {

  /** Two pages for each set. */
  private static final long HEAP_BYTES = 256L << 20;

  private static final Duration RETRY_AFTER = Duration.ofMillis(200);

  private final int pageBytes;
  private final long most;
  private final Map<Long, OpenSet> sets = new ConcurrentHashMap<>();
  private final AtomicInteger count = new AtomicInteger();

  OpenSets(int pageBytes) {
    this.pageBytes = pageBytes;
    this.most = Math.max(1, HEAP_BYTES / (2L * pageBytes));
  }

  /**
   * Begins with a set.
   *
   * @throws ServiceException OVERLOADED if there are too many
   */
  void begin(long id) {
    if (count.incrementAndGet() > most) {
      count.decrementAndGet();
      throw new ServiceException(
          ErrorReason.ERROR_REASON_OVERLOADED,
          "%d sets are being put, as many as fit the heap; retry".formatted(most),
          RETRY_AFTER);
    }
    sets.put(id, new OpenSet(id, pageBytes));
  }

  OpenSet get(long id) {
    return Objects.requireNonNull(sets.get(id), "the set is not open");
  }

  /** Ends with a set, if it is open. */
  void end(long id) {
    if (sets.remove(id) != null) {
      count.decrementAndGet();
    }
  }
}
