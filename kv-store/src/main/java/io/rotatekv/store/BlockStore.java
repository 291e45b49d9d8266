package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.util.List;

/**
 * The store's contract without a transport; safe for many threads. A block set is seen whole, once
 * committed, or not at all. A key that cannot be served has a miss reason; what fails throws {@link
 * ServiceException}.
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
   */
  BlockCursor get(BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers);

  /** Removes sets; returns how many were there. */
  int delete(BlockNamespace namespace, List<BlockKey> keys);

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
