package io.rotatekv.store.redis;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A set that is being put. Its current page is gathered on the heap, for a value of Redis is
 * written as a whole; so is its first, which is written last.
 */
final class OpenSet {

  /** A page to be written, without the unused rest of its bytes. */
  record Page(long id, int number, byte[] bytes) {}

  private final long id;
  private final byte[] first;
  private byte[] current;
  private int number;
  private int firstUsed;
  private int used;

  OpenSet(long id, int pageBytes) {
    this.id = id;
    this.first = new byte[pageBytes];
    this.current = first;
  }

  /** Goes on to the next page; returns the one before if it can be written, or null. */
  @Nullable Page next(int next) {
    Page before = last();
    if (number == 0) {
      current = new byte[first.length];
    }
    number = next;
    used = 0;
    return before;
  }

  void write(int page, int at, MemorySegment bytes) {
    byte[] into = page == 0 ? first : current;
    MemorySegment.copy(bytes, 0, MemorySegment.ofArray(into), at, bytes.byteSize());
    int end = at + (int) bytes.byteSize();
    if (page == 0) {
      firstUsed = Math.max(firstUsed, end);
    } else {
      used = end;
    }
  }

  /** The current page, unless that is the first. */
  @Nullable Page last() {
    return number == 0 ? null : new Page(id, number, Arrays.copyOf(current, used));
  }

  /** The first page. */
  Page first() {
    return new Page(id, 0, Arrays.copyOf(first, firstUsed));
  }
}
