package io.rotatekv.store;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A store whose puts' and cursors' ends can be waited for, and whose cursors' blocks are counted.
 */
final class ObservedStore implements BlockStore {

  final CountDownLatch putClosed = new CountDownLatch(1);
  final CountDownLatch cursorClosed = new CountDownLatch(1);
  final AtomicInteger steps = new AtomicInteger();
  private final BlockStore store;

  ObservedStore(BlockStore store) {
    this.store = store;
  }

  @Override
  public OpenPut beginPut(PutSpec spec) {
    OpenPut put = store.beginPut(spec);
    return new OpenPut() {
      @Override
      public BitSet present() {
        return put.present();
      }

      @Override
      public void add(int setIndex, int layer, ByteBuffer block, int crc32c) {
        put.add(setIndex, layer, block, crc32c);
      }

      @Override
      public PutOutcome commit() {
        return put.commit();
      }

      @Override
      public void close() {
        put.close();
        putClosed.countDown();
      }
    };
  }

  @Override
  public PrefixMatch lookupPrefix(BlockNamespace namespace, List<BlockKey> keys) {
    return store.lookupPrefix(namespace, keys);
  }

  @Override
  public BlockCursor get(
      BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers) {
    BlockCursor cursor = store.get(namespace, keys, firstLayer, layers);
    return new BlockCursor() {
      @Override
      public @Nullable Item next(ByteBuffer into) {
        @Nullable Item item = cursor.next(into);
        if (item instanceof BlockCursor.Block) {
          steps.incrementAndGet();
        }
        return item;
      }

      @Override
      public void close() {
        cursor.close();
        cursorClosed.countDown();
      }
    };
  }

  @Override
  public int delete(BlockNamespace namespace, List<BlockKey> keys) {
    return store.delete(namespace, keys);
  }

  @Override
  public PrefixMatch pin(
      BlockNamespace namespace, List<BlockKey> keys, String holder, Duration time) {
    return store.pin(namespace, keys, holder, time);
  }

  @Override
  public int unpin(BlockNamespace namespace, List<BlockKey> keys, String holder) {
    return store.unpin(namespace, keys, holder);
  }

  @Override
  public Iterator<SetEntry> list(@Nullable String tenant) {
    return store.list(tenant);
  }

  @Override
  public SetCheck verify(BlockNamespace namespace, BlockKey key) {
    return store.verify(namespace, key);
  }

  @Override
  public StoreStats stats() {
    return store.stats();
  }

  @Override
  public void reclaim() {
    store.reclaim();
  }

  @Override
  public void close() {
    store.close();
  }
}
