package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The store's contract without a transport; safe for many threads. A block set is seen whole, once
 * committed, or not at all. A key that cannot be served has a miss reason; what fails throws {@link
 * ServiceException}. Tenants never see each other's sets, under equal keys either; every method
 * that takes a namespace throws UNKNOWN_TENANT for one that the store is not configured for.
 *
 * <p>The store makes room by taking tails of chains. What may not go: sets that were put or read
 * within the lease, that an open cursor makes progress on, or that are pinned.
 */
public interface BlockStore extends AutoCloseable {

  /**
   * Begins a put. The first put of a later generation of a producer ends its open puts of earlier
   * ones.
   *
   * @throws ServiceException STALE_GENERATION, OVERLOADED, CODEC_MISMATCH or INVALID_REQUEST
   */
  OpenPut beginPut(PutSpec spec);

  /** How many keys, from the first on, can be read. Takes no lease and is no use of them. */
  PrefixMatch lookupPrefix(BlockNamespace namespace, List<BlockKey> keys);

  /**
   * Reads the layers {@code [firstLayer, firstLayer + layers)} of keys; each read renews a lease.
   * While the cursor is stepped it renews those of all its sets; one that rests for longer than the
   * lease protects nothing.
   */
  BlockCursor get(BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers);

  /**
   * Keeps sets from eviction and expiry, from the first key on to the first that cannot be read. A
   * later pin by the same holder replaces the time of its earlier one.
   *
   * @param holder names who pins; several holders' pins on one set are independent
   * @param time how long, from now; {@link StoreLimits#maxPin} at most is granted
   * @throws ServiceException QUOTA_EXCEEDED if more would be pinned than the limits allow; nothing
   *     has been pinned then
   */
  PrefixMatch pin(BlockNamespace namespace, List<BlockKey> keys, String holder, Duration time);

  /** Ends a holder's pins; returns how many sets it had pinned. */
  int unpin(BlockNamespace namespace, List<BlockKey> keys, String holder);

  /** Removes sets, pinned ones as well; returns how many were there. */
  int delete(BlockNamespace namespace, List<BlockKey> keys);

  /**
   * The committed sets, in no order; those that come or go meanwhile may be seen or not. Takes no
   * lease and is no use of them.
   *
   * @param tenant whose sets, or null for everybody's
   */
  Iterator<SetEntry> list(@Nullable String tenant);

  /**
   * Reads all blocks of a set and checks their checksums, and drops the set if it is damaged. Takes
   * no lease and is no use of it.
   */
  SetCheck verify(BlockNamespace namespace, BlockKey key);

  /** The figures now. */
  StoreStats stats();

  /**
   * Ends puts that ran out of time and drops sets that outlived theirs; to be called now and then.
   */
  void reclaim();

  /** Ends all puts and frees the memory; a persisted store is left so that it opens fast. */
  @Override
  void close();
}
