package io.rotatekv.kernels.block;

import io.rotatekv.kernels.codec.EncodeCounters;
import java.lang.foreign.MemorySegment;

/**
 * Writes and reads the sections of codes, scales and zero points of a block; {@link FramedCodec}
 * adds header and sinks. Every backend implements it; all write the same bytes and read the same
 * floats. An instance owns its scratch memory.
 */
public interface TileCoder {

  /**
   * Inputs must be smaller than this in magnitude, so that nothing computed from them overflows.
   */
  float MAX_MAGNITUDE = 0x1p100f;

  /** Whether the first {@code count} elements are numbers below {@link #MAX_MAGNITUDE}. */
  boolean encodable(float[] rows, int count);

  /**
   * Encodes keys.
   *
   * @param rows {@code (64, kvDim)}, {@link #encodable}
   * @param sinks tokens whose codes and scales shall be 0
   * @param block the block from its header on
   */
  void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters);

  /** Encodes values; the parameters are those of {@link #encodeKeys}. */
  void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters);

  /** Decodes keys into {@code (kvDim, 64)}; what sinks get is undefined. */
  void decodeKeys(int layer, MemorySegment block, float[] keys);

  /** Decodes values into {@code (64, kvDim)}; what sinks get is undefined. */
  void decodeValues(int layer, MemorySegment block, float[] values);

  /** Whether values are stored rotated. */
  boolean rotatesValues();

  /** Rotates {@code (count, headDim)} into the basis of the values, in place. */
  void rotate(float[] rows, int offset, int count);

  /** Undoes {@link #rotate}. */
  void unrotate(float[] rows, int offset, int count);
}
