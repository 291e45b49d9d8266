package io.rotatekv.store;

import io.rotatekv.proto.ServiceException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * A put that has begun. Nothing of it can be read before {@link #commit}. It ends by commit, by
 * close, by a later generation of its producer, or by time-out; any method but close then throws
 * {@link ServiceException} with the reason.
 */
public interface OpenPut extends AutoCloseable {

  /** Indices of the sets that were committed already when the put began; they take no blocks. */
  BitSet present();

  /**
   * Adds the next layer's block of one set. Copies the bytes from position to limit.
   *
   * @throws ServiceException CORRUPT_BLOCK if they do not have this checksum, INVALID_REQUEST if
   *     the layer is not the set's next, STORE_FULL if nothing may be evicted to make room; the put
   *     is abandoned then
   */
  void add(int setIndex, int layer, ByteBuffer block, int crc32c);

  /**
   * Makes every set readable.
   *
   * @throws ServiceException INVALID_REQUEST if a set lacks layers; the put is abandoned then
   */
  PutOutcome commit();

  /** Abandons the put unless it has ended, and frees its memory. */
  @Override
  void close();
}
