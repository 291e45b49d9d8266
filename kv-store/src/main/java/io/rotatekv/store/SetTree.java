package io.rotatekv.store;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who follows whom. Chains share prefixes, so sets form trees, and a set without its ancestors is
 * of no use: sets leave from the tails. For the holder of the index's lock.
 */
final class SetTree {

  private final Map<SetKey, Set<StoredSet>> children = new HashMap<>();

  void add(StoredSet set) {
    children.computeIfAbsent(set.parentKey(), parent -> new LinkedHashSet<>(2)).add(set);
  }

  void remove(StoredSet set) {
    SetKey parent = set.parentKey();
    Set<StoredSet> siblings = children.get(parent);
    if (siblings != null && siblings.remove(set) && siblings.isEmpty()) {
      children.remove(parent);
    }
  }

  int children(StoredSet set) {
    Set<StoredSet> below = children.get(set.key());
    return below == null ? 0 : below.size();
  }

  /** A tail that begins with a set: the set itself where nothing follows it. */
  StoredSet tail(StoredSet set) {
    StoredSet tail = set;
    for (StoredSet child = firstChild(tail); child != null; child = firstChild(tail)) {
      tail = child;
    }
    return tail;
  }

  /** Only a set further down its chain: producers may name parents that go in a circle. */
  private @Nullable StoredSet firstChild(StoredSet set) {
    for (StoredSet child : children.getOrDefault(set.key(), Set.of())) {
      if (child.chainIndex() > set.chainIndex()) {
        return child;
      }
    }
    return null;
  }
}
