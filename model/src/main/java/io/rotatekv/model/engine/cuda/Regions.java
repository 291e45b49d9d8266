package io.rotatekv.model.engine.cuda;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Hands out regions of slabs of equal size: the smallest free one that fits (Knuth, The Art of
 * Computer Programming, 2.5), neighbours joined when freed. The blocks of one codec have few sizes,
 * so freed regions fit again. A place is a slab's number times the slabs' size, and an offset. Not
 * thread-safe.
 */
final class Regions {

  /** What every region starts at a multiple of; the unit in which the driver allocates, too. */
  static final int ALIGNMENT = 256;

  /** A free region, ordered by size so that the smallest that fits is found at once. */
  private record Free(long bytes, long at) implements Comparable<Free> {
    @Override
    public int compareTo(Free other) {
      int bySize = Long.compare(bytes, other.bytes);
      return bySize != 0 ? bySize : Long.compare(at, other.at);
    }
  }

  private final long slabBytes;
  private final TreeSet<Free> bySize = new TreeSet<>();
  private final TreeMap<Long, Long> byPlace = new TreeMap<>(); // start to bytes
  private final Map<Long, Long> taken = new HashMap<>();
  private int slabs;
  private long used;

  /** No slabs yet. */
  Regions(long slabBytes) {
    if (slabBytes % ALIGNMENT != 0) {
      throw new IllegalArgumentException("slabs are multiples of " + ALIGNMENT + " bytes");
    }
    this.slabBytes = slabBytes;
  }

  /** Adds a slab, all of it free. */
  void addSlab() {
    insert(slabs++ * slabBytes, slabBytes);
  }

  /**
   * Takes a region.
   *
   * @return its place; empty if no free region is large enough
   */
  OptionalLong take(long bytes) {
    long size = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    Free fit = bySize.ceiling(new Free(size, 0));
    if (fit == null) {
      return OptionalLong.empty();
    }
    remove(fit.at, fit.bytes);
    if (fit.bytes > size) {
      insert(fit.at + size, fit.bytes - size);
    }
    taken.put(fit.at, size);
    used += size;
    return OptionalLong.of(fit.at);
  }

  /** Gives back what {@link #take} returned. */
  void free(long at) {
    Long size = taken.remove(at);
    if (size == null) {
      throw new IllegalArgumentException("no region starts at " + at);
    }
    used -= size;
    long from = at;
    long to = at + size;
    Map.Entry<Long, Long> before = byPlace.lowerEntry(at);
    if (before != null && before.getKey() + before.getValue() == from && from % slabBytes != 0) {
      from = before.getKey();
      remove(from, before.getValue());
    }
    Long after = byPlace.get(to);
    if (after != null && to % slabBytes != 0) {
      remove(to, after);
      to += after;
    }
    insert(from, to - from);
  }

  /** Bytes taken. */
  long used() {
    return used;
  }

  private void insert(long at, long bytes) {
    byPlace.put(at, bytes);
    bySize.add(new Free(bytes, at));
  }

  private void remove(long at, long bytes) {
    byPlace.remove(at);
    bySize.remove(new Free(bytes, at));
  }
}
