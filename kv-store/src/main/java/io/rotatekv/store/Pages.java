package io.rotatekv.store;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;

/**
 * Fixed-size pages by set id and page number. Little is asked of an engine, for the store verifies
 * what it reads. Safe for many threads; the pages of one set are written by one at a time.
 */
public interface Pages {

  /** Bits of a key that hold the number of the page. */
  int PAGE_BITS = 20;

  /** Pages of one set, at most. */
  int MAX_PAGES_PER_SET = 1 << PAGE_BITS;

  /** Bytes of a page. */
  int pageBytes();

  /** Bytes that the engine has mapped off the heap of this process. */
  long mappedBytes();

  /**
   * Adds the next page of a set that is being put, of any content.
   *
   * @throws io.rotatekv.proto.ServiceException OVERLOADED, STORE_FULL or STORAGE if the engine
   *     cannot
   */
  void insert(long id, int page);

  /**
   * Writes bytes into the page that was inserted last, behind those written before; the bytes stay
   * the caller's. Nobody reads them before the set is finished.
   *
   * @param at offset in the page
   * @throws io.rotatekv.proto.ServiceException STORE_FULL or STORAGE if the engine cannot
   */
  void write(long id, int page, int at, MemorySegment bytes);

  /**
   * Writes the manifest to the start of the first page, after all else; the set is whole then, also
   * after a crash.
   *
   * @throws io.rotatekv.proto.ServiceException STORE_FULL or STORAGE if the engine cannot
   */
  void finish(long id, MemorySegment manifest);

  /**
   * Copies bytes of a set, from {@code offset} on, over as many pages as hold them, until {@code
   * into} is full.
   *
   * @return false if a page is not there
   * @throws PagesUnavailableException if that cannot be said now
   */
  boolean read(long id, long offset, MemorySegment into);

  /** The same, and adds the bytes to a checksum, at best while a core's cache still holds them. */
  default boolean read(long id, long offset, MemorySegment into, CRC32C checksum) {
    boolean read = read(id, offset, into);
    checksum.update(into.asByteBuffer());
    return read;
  }

  /**
   * Removes the pages of a set, finished or not, the first one first, for it is what makes the
   * others a set.
   */
  void remove(long id, int pages);

  /** Removes one page by its key; does nothing if it is not there. */
  void remove(long key);

  /** Gives every page's key once. */
  void forEachKey(LongConsumer visitor);

  /** The set id of a key. */
  static long id(long key) {
    return key >>> PAGE_BITS;
  }

  /** The page number of a key. */
  static int page(long key) {
    return (int) (key & (MAX_PAGES_PER_SET - 1));
  }

  /** The key of a page. */
  static long key(long id, int page) {
    return id << PAGE_BITS | page;
  }
}
