package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.ErrorReason;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
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
final class PageMap implements Pages, AutoCloseable {

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

  @Override
  public int pageBytes() {
    return pageBytes;
  }

  @Override
  public long mappedBytes() {
    return map.offHeapMemoryUsed();
  }

  /** The page's content is what was there before. */
  @Override
  public void insert(long id, int page) {
    try (ExternalMapQueryContext<Long, byte[], ?> context = map.queryContext(Pages.key(id, page))) {
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

  @Override
  public void write(long id, int page, int at, MemorySegment bytes) {
    try (ExternalMapQueryContext<Long, byte[], ?> context = map.queryContext(Pages.key(id, page))) {
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

  @Override
  public void finish(long id, MemorySegment manifest) {
    write(id, 0, 0, manifest);
  }

  @Override
  public boolean read(long id, long offset, MemorySegment into) {
    return read(id, offset, into, copied -> {});
  }

  @Override
  public boolean read(long id, long offset, MemorySegment into, CRC32C checksum) {
    return read(id, offset, into, copied -> checksum.update(copied.asByteBuffer()));
  }

  /** Copies each page once, under the map's read lock, and shows it after that. */
  private boolean read(long id, long offset, MemorySegment into, Consumer<MemorySegment> seen) {
    long done = 0;
    while (done < into.byteSize()) {
      long position = offset + done;
      int inPage = (int) (position % pageBytes);
      long length = Math.min(into.byteSize() - done, pageBytes - inPage);
      if (!copy(Pages.key(id, (int) (position / pageBytes)), inPage, into, done, length)) {
        return false;
      }
      seen.accept(into.asSlice(done, length));
      done += length;
    }
    return true;
  }

  @Override
  public void remove(long id, int pages) {
    for (int page = 0; page < pages; page++) {
      remove(Pages.key(id, page));
    }
  }

  @Override
  public void remove(long key) {
    try {
      map.remove(key);
    } catch (InterProcessDeadLockException e) {
      throw locked(e);
    } catch (InternalError e) {
      throw fault(e);
    }
  }

  @Override
  public void forEachKey(LongConsumer visitor) {
    map.forEachEntry(entry -> visitor.accept(entry.key().get()));
  }

  @Override
  public void close() {
    map.close();
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
    } catch (InterProcessDeadLockException e) {
      throw new PagesUnavailableException("the page lock could not be had in time", e);
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
