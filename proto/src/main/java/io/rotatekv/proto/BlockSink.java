package io.rotatekv.proto;

import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;

/**
 * Where the blocks of a get go, in layer order, on the thread that called {@link StoreClient#get}.
 */
@FunctionalInterface
public interface BlockSink {

  /**
   * Takes one block whose checksum is right.
   *
   * @param keyIndex index of its key in the request
   * @param bytes read-only, and filled with another block once this returns: copy what is to stay
   */
  void block(int keyIndex, int layer, MemorySegment bytes);

  /** All blocks of a layer that will come have come. */
  default void layerDone(int layer) {}

  /** A key cannot be served, and no more blocks of it follow; those before are valid. */
  default void miss(int keyIndex, MissReason reason) {}
}
