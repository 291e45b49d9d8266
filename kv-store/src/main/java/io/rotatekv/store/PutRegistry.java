package io.rotatekv.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** The open puts, and the latest generation of each producer. Takes no lock but its own. */
final class PutRegistry {

  /** Producers whose generation is remembered; a forgotten one is taken at its next word. */
  private static final int PRODUCERS = 10_000;

  private final Set<PagedPut> open = new LinkedHashSet<>();
  private final Cache<String, Long> generations =
      Caffeine.newBuilder().maximumSize(PRODUCERS).executor(Runnable::run).build();

  /**
   * Admits a put, and gives the open puts of earlier generations of its producer, for the caller to
   * end.
   *
   * @throws ServiceException STALE_GENERATION if a later generation has been seen
   */
  synchronized List<PagedPut> admit(PagedPut put, String producer, long generation) {
    Long latest = generations.getIfPresent(producer);
    if (latest != null && Long.compareUnsigned(generation, latest) < 0) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_STALE_GENERATION,
          "producer %s has put with generation %s, and %s is older"
              .formatted(
                  producer, Long.toUnsignedString(latest), Long.toUnsignedString(generation)));
    }
    generations.put(producer, generation);
    List<PagedPut> superseded =
        matching(other ->
            other.spec().producer().equals(producer) && other.spec().generation() != generation);
    open.add(put);
    return superseded;
  }

  synchronized List<PagedPut> matching(Predicate<PagedPut> condition) {
    return open.stream().filter(condition).toList();
  }

  synchronized void remove(PagedPut put) {
    open.remove(put);
  }

  synchronized int size() {
    return open.size();
  }
}
