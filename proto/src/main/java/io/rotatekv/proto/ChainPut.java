package io.rotatekv.proto;

import java.lang.foreign.MemorySegment;

/**
 * A put of block sets that has begun, to one store or to its replicas. Blocks are copied as they
 * are added; a caller waits while a store cannot take more. Closing without a commit abandons the
 * put. For one thread at a time; every method throws {@link ServiceException} with the reason that
 * the store, the network or the breaker gives, and no method but {@link #close} may be called after
 * that.
 */
public interface ChainPut extends AutoCloseable {

  /** Whether a set is committed already, so that its blocks need not be made. */
  boolean isPresent(int keyIndex);

  /** How many sets are committed already. */
  int presentSets();

  /**
   * Adds the block of one layer; each set's layers come in ascending order. The bytes are copied.
   * Does nothing for a set that is present.
   */
  void add(int keyIndex, int layer, MemorySegment block);

  /** Sends what is gathered, so that it travels while the next blocks are computed. */
  void flush();

  /** Makes the sets readable, all of their layers added; waits until the store says so. */
  PutResult commit();

  /** Abandons the put unless it has been committed. */
  @Override
  void close();
}
