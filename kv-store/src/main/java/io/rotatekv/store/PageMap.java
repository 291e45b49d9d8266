package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import net.openhft.chronicle.hash.Data;
import net.openhft.chronicle.hash.locks.InterProcessDeadLockException;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;
import net.openhft.chronicle.map.ExternalMapQueryContext;
import net.openhft.chronicle.map.MapAbsentEntry;
import net.openhft.chronicle.map.MapEntry;

/**
 * Fixed-size pages by set id and page number, over one Chronicle Map.
 *
 * <p>Pages of one size in one segment without tiers make the map's size exact: as many pages as
 * were asked for fit, with 0.03 % of overhead at 64 KiB, and a removed page makes room for any
 * other. (Over several segments the hash fills some before others, and values of mixed size
 * fragment.) The price is one lock for all writers; a page is copied in some 10 microseconds under
 * it.
 *
 * <p>Chronicle keeps a context per thread that ever touched the map, so it is to be used from a
 * bounded number of platform threads.
 */
final class PageMap implements AutoCloseable {

  private static final int PAGE_BITS = 20;

  /** Pages of one set, at most. */
  static final int MAX_PAGES_PER_SET = 1 << PAGE_BITS;

  /** All memory as one segment, for Chronicle lends values as addresses. */
  @SuppressWarnings("restricted")
  private static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private final ChronicleMap<Long, byte[]> map;
  private final int pageBytes;
  private final BlankPage blank;

  PageMap(ChronicleMap<Long, byte[]> map, int pageBytes) {
    this.map = map;
    this.pageBytes = pageBytes;
    this.blank = new BlankPage(pageBytes);
  }

  /** How such a map is built. The store checks blocks at every read, so the map need not. */
  static ChronicleMapBuilder<Long, byte[]> builder(long pages, int pageBytes) {
    return ChronicleMapBuilder.of(Long.class, byte[].class)
        .name("rotatekv-pages")
        .entries(pages)
        .constantValueSizeBySample(new byte[pageBytes])
        .actualSegments(1)
        .entriesPerSegment(pages)
        .actualChunksPerSegmentTier(pages)
        .allowSegmentTiering(false)
        .maxBloatFactor(1)
        .checksumEntries(false)
        .putReturnsNull(true)
        .removeReturnsNull(true)
        .skipCloseOnExitHook(true);
  }

  int pageBytes() {
    return pageBytes;
  }

  long mappedBytes() {
    return map.offHeapMemoryUsed();
  }

  /**
   * Adds a page, whose content is what was there before.
   *
   * @throws ServiceException STORAGE if the map's lock cannot be had in time
   */
  void insert(long id, int page) {
    try (ExternalMapQueryContext<Long, byte[], ?> context = map.queryContext(key(id, page))) {
      context.updateLock().lock();
      MapAbsentEntry<Long, byte[]> absent = context.absentEntry();
      if (absent == null) {
        throw new IllegalStateException("page %d of set %d is there".formatted(page, id));
      }
      context.insert(absent, blank);
    } catch (InterProcessDeadLockException e) {
      throw locked(e);
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  /**
   * Writes bytes into a page, which nobody reads before its set is committed.
   *
   * @throws ServiceException STORAGE if the map's lock cannot be had in time
   */
  void write(long id, int page, int at, MemorySegment bytes) {
    try (ExternalMapQueryContext<Long, byte[], ?> context = map.queryContext(key(id, page))) {
      context.updateLock().lock();
      MapEntry<Long, byte[]> entry = context.entry();
      if (entry == null) {
        throw new IllegalStateException("page %d of set %d is not there".formatted(page, id));
      }
      MemorySegment.copy(bytes, 0, MEMORY, address(entry) + at, bytes.byteSize());
    } catch (InterProcessDeadLockException e) {
      throw locked(e);
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  /**
   * Copies bytes of a set, from {@code offset} on, over as many pages as hold them, until {@code
   * into} is full; each page is copied once, under the map's read lock.
   *
   * @return false if a page is not there
   * @throws InterProcessDeadLockException if the map's lock cannot be had in time
   * @throws ServiceException STORAGE if the file behind the pages cannot be read
   */
  boolean read(long id, long offset, MemorySegment into) {
    long done = 0;
    while (done < into.byteSize()) {
      long position = offset + done;
      int inPage = (int) (position % pageBytes);
      long length = Math.min(into.byteSize() - done, pageBytes - inPage);
      if (!copy(key(id, (int) (position / pageBytes)), inPage, into, done, length)) {
        return false;
      }
      done += length;
    }
    return true;
  }

  /** Removes the pages of a set, the first one first, for it is what makes the others a set. */
  void remove(long id, int pages) {
    for (int page = 0; page < pages; page++) {
      remove(key(id, page));
    }
  }

  /**
   * Removes one page; does nothing if it is not there.
   *
   * @throws ServiceException STORAGE if the map's lock cannot be had in time, or its file is gone
   */
  void remove(long key) {
    try {
      map.remove(key);
    } catch (InterProcessDeadLockException e) {
      throw locked(e);
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  /** Gives every page's key. */
  void forEachKey(LongConsumer visitor) {
    map.forEachEntry(entry -> visitor.accept(entry.key().get()));
  }

  @Override
  public void close() {
    map.close();
  }

  static long id(long key) {
    return key >>> PAGE_BITS;
  }

  static int page(long key) {
    return (int) (key & (MAX_PAGES_PER_SET - 1));
  }

  private static long key(long id, int page) {
    return id << PAGE_BITS | page;
  }

  private boolean copy(long key, int inPage, MemorySegment into, long at, long length) {
    try (ExternalMapQueryContext<Long, byte[], ?> context = map.queryContext(key)) {
      context.readLock().lock();
      MapEntry<Long, byte[]> entry = context.entry();
      if (entry == null) {
        return false;
      }
      MemorySegment.copy(MEMORY, address(entry) + inPage, into, at, length);
      return true;
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  private static long address(MapEntry<Long, byte[]> entry) {
    Data<byte[]> value = entry.value();
    return value.bytes().addressForRead(value.offset());
  }

  /** How the JVM reports that mapped memory has lost its file. */
  private static ServiceException fault(InternalError e) {
    return new ServiceException(
        ErrorReason.ERROR_REASON_STORAGE,
        "the store's file was cut short or its disk failed; restart the store, which checks it",
        e);
  }

  private static ServiceException locked(InterProcessDeadLockException e) {
    return new ServiceException(
        ErrorReason.ERROR_REASON_STORAGE,
        "the lock of the store's pages could not be had in time",
        e);
  }
}
