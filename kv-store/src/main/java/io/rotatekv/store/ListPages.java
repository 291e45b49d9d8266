package io.rotatekv.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.v1.ListResponse;
import io.rotatekv.v1.Namespace;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** A listing, some hundred sets a message. */
final class ListPages implements Iterator<ListResponse> {

  /** A set takes some 250 bytes. */
  private static final int SETS = 256;

  private final Iterator<SetEntry> sets;

  ListPages(Iterator<SetEntry> sets) {
    this.sets = sets;
  }

  @Override
  public boolean hasNext() {
    return sets.hasNext();
  }

  @Override
  public ListResponse next() {
    if (!sets.hasNext()) {
      throw new NoSuchElementException();
    }
    ListResponse.Builder page = ListResponse.newBuilder();
    while (sets.hasNext() && page.getSetsCount() < SETS) {
      page.addSets(entry(sets.next()));
    }
    return page.build();
  }

  static Namespace namespace(BlockNamespace namespace) {
    return KeyChain.namespace(namespace.model(), namespace.codec(), namespace.tenant());
  }

  static ByteString key(BlockKey key) {
    ByteBuffer bytes = ByteBuffer.allocate(BlockKey.BYTES);
    key.write(bytes);
    return UnsafeByteOperations.unsafeWrap(bytes.flip());
  }

  private static io.rotatekv.v1.SetEntry entry(SetEntry entry) {
    return io.rotatekv.v1.SetEntry.newBuilder()
        .setNamespace(namespace(entry.namespace()))
        .setKey(key(entry.set().key()))
        .setParentKey(key(entry.set().parent()))
        .setChainIndex(entry.set().chainIndex())
        .setTokenCount(entry.set().tokens())
        .setLayerCount(entry.layers())
        .setPayloadBytes(entry.payloadBytes())
        .setStoredBytes(entry.storedBytes())
        .setAgeMs(entry.age())
        .setIdleMs(entry.idle())
        .setLeaseMs(entry.lease())
        .setPinMs(entry.pin())
        .setChildren(entry.children())
        .build();
  }
}
