package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Packs the blocks of one set into pages, layer after layer. The first page, which holds the
 * manifest, stays on the heap until the commit and is written last: without it the others are
 * nothing, also after a crash.
 */
final class SetWriter {

  private final long id;
  private final SetSpec set;
  private final BlockNamespace namespace;
  private final LayerTable table;
  private final PageMap pages;
  private final PagePool pool;
  private final TenantUsage tenant;
  private final byte[] first;
  private byte @Nullable [] later;
  private byte[] current;
  private int position;
  private int acquired;
  private int layer;

  /** Takes the set's first page from the pool. */
  SetWriter(
      long id,
      SetSpec set,
      BlockNamespace namespace,
      int layers,
      PageMap pages,
      PagePool pool,
      TenantUsage tenant) {
    this.id = id;
    this.set = set;
    this.namespace = namespace;
    this.table = new LayerTable(layers);
    this.pages = pages;
    this.pool = pool;
    this.tenant = tenant;
    pool.acquire(tenant);
    acquired = 1;
    first = new byte[pages.pageBytes()];
    current = first;
    position = Manifest.bytes(namespace, layers);
  }

  int nextLayer() {
    return layer;
  }

  boolean isComplete() {
    return layer == table.layers();
  }

  void add(ByteBuffer block, int crc32c) {
    table.set(layer, block.remaining(), crc32c);
    layer++;
    ByteBuffer rest = block.duplicate();
    while (rest.hasRemaining()) {
      if (position == current.length) {
        nextPage();
      }
      int length = Math.min(rest.remaining(), current.length - position);
      rest.get(current, position, length);
      position += length;
    }
  }

  /** Writes what is left, the first page last. The set is whole in the map then. */
  StoredSet finish(long now) {
    if (acquired > 1) {
      pages.write(id, acquired - 1, current);
    }
    Manifest manifest = new Manifest(id, set, namespace, acquired, now, table);
    manifest.write(first);
    pages.write(id, 0, first);
    return new StoredSet(manifest, tenant);
  }

  /** Frees the pages of a set that does not go into the index. */
  void discard() {
    pool.release(tenant, id, acquired);
  }

  private void nextPage() {
    if (acquired == PageMap.MAX_PAGES_PER_SET) {
      throw ServiceException.invalid(
          "a set needs more than %d pages; raise pageBytes".formatted(acquired));
    }
    pool.acquire(tenant);
    if (acquired > 1) {
      pages.write(id, acquired - 1, current);
    }
    acquired++;
    if (later == null) {
      later = new byte[first.length];
    }
    current = later;
    position = 0;
  }
}
