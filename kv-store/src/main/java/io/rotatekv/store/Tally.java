package io.rotatekv.store;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** Counts by reason. */
final class Tally<E extends Enum<E>> {

  private final Class<E> type;
  private final Map<E, LongAdder> counts;

  Tally(Class<E> type) {
    this.type = type;
    Map<E, LongAdder> adders = new EnumMap<>(type);
    for (E reason : type.getEnumConstants()) {
      adders.put(reason, new LongAdder());
    }
    counts = Collections.unmodifiableMap(adders);
  }

  void add(E reason) {
    Objects.requireNonNull(counts.get(reason)).increment();
  }

  /** The counts that are not zero. */
  Map<E, Long> counts() {
    Map<E, Long> seen = new EnumMap<>(type);
    counts.forEach((reason, count) -> {
      if (count.sum() > 0) {
        seen.put(reason, count.sum());
      }
    });
    return seen;
  }
}
