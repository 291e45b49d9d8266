package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Packs the blocks of one set into pages, layer after layer, straight into the engine. The manifest
 * is written last, before the blocks in the first page: without it the others are nothing, also
 * after a crash.
 */
final class SetWriter {

  private final long id;
  private final SetSpec set;
  private final BlockNamespace namespace;
  private final LayerTable table;
  private final Pages pages;
  private final PutRoom room;
  private long position;
  private int acquired;
  private int layer;

  /** Takes the set's first page. */
  SetWriter(long id, SetSpec set, BlockNamespace namespace, int layers, Pages pages, PutRoom room) {
    this.id = id;
    this.set = set;
    this.namespace = namespace;
    this.table = new LayerTable(layers);
    this.pages = pages;
    this.room = room;
    try {
      nextPage();
    } catch (RuntimeException e) {
      discard();
      throw e;
    }
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
    MemorySegment rest = MemorySegment.ofBuffer(block);
    while (rest.byteSize() > 0) {
      int inPage = (int) (position % pages.pageBytes());
      if (inPage == 0) {
        nextPage();
      }
      long length = Math.min(rest.byteSize(), pages.pageBytes() - inPage);
      pages.write(id, acquired - 1, inPage, rest.asSlice(0, length));
      rest = rest.asSlice(length);
      position += length;
    }
  }

  /** Writes the manifest. The set is whole then. */
  StoredSet finish(long now) {
    Manifest manifest = new Manifest(id, set, namespace, acquired, now, table);
    byte[] bytes = new byte[Manifest.bytes(namespace, table.layers())];
    manifest.write(bytes);
    pages.finish(id, MemorySegment.ofArray(bytes));
    return new StoredSet(manifest, room.tenant());
  }

  /** Frees the pages of a set that does not go into the index. */
  void discard() {
    room.release(id, acquired);
  }

  private void nextPage() {
    if (acquired == Pages.MAX_PAGES_PER_SET) {
      throw ServiceException.invalid(
          "a set needs more than %d pages; raise the store's page-size".formatted(acquired));
    }
    room.acquire();
    try {
      pages.insert(id, acquired);
    } catch (RuntimeException e) {
      room.giveBack();
      throw e;
    }
    acquired++;
  }
}
