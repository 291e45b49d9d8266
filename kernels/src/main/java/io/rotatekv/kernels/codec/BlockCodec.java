package io.rotatekv.kernels.codec;

import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * Encodes and decodes the blocks of all layers of one model with one codec. An instance owns its
 * scratch memory: use one per thread. Blocks are laid out as {@code kernels/FORMAT.md} says.
 */
public interface BlockCodec {

  /** Tokens per block: one attention tile, one GPU page, one store value, one wire message. */
  int BLOCK_TOKENS = 64;

  CodecSpec spec();

  KvShape shape();

  /** Whether a layer's values are stored rotated, so that {@link #unrotate} must undo it. */
  boolean rotatesValues(int layer);

  /** The most bytes a block can take: all of its tokens are sinks. */
  int maxBlockBytes();

  /**
   * Encodes one full block.
   *
   * @param layer the layer, from 0
   * @param keys keys before RoPE, {@code (64, kvDim)}; not changed
   * @param values values, {@code (64, kvDim)}; not changed
   * @param sinks bit t set: token t stays in FP16
   * @param out where the block goes, header included; at least {@link #maxBlockBytes} long
   * @return the length of the block in bytes
   * @throws IllegalArgumentException if an element is NaN, infinite or not below 2^100
   */
  int encode(int layer, float[] keys, float[] values, long sinks, MemorySegment out);

  /**
   * Decodes the keys of a block that {@code Blocks.verify} has verified.
   *
   * @param keys gets the keys before RoPE in the model's basis, channel-major: {@code (kvDim, 64)}
   */
  void decodeKeys(MemorySegment block, float[] keys);

  /**
   * Decodes the values of a block that {@code Blocks.verify} has verified.
   *
   * @param values gets the values, {@code (64, kvDim)}, rotated where {@link #rotatesValues}
   */
  void decodeValues(MemorySegment block, float[] values);

  /** What encoding lost so far, all layers together. */
  default EncodeStats stats() {
    return IntStream.range(0, shape().layers())
        .mapToObj(this::stats)
        .reduce(EncodeStats.NONE, EncodeStats::plus);
  }

  /** What encoding lost so far in one layer. */
  EncodeStats stats(int layer);

  /**
   * Rotates values into the basis in which {@link #decodeValues} returns them; no-op where values
   * are not rotated.
   *
   * @param rows {@code (count, headDim)}, changed in place
   */
  void rotate(int layer, float[] rows, int offset, int count);

  /** Undoes {@link #rotate}, on the outputs of attention: {@code (count, headDim)}, in place. */
  void unrotate(int layer, float[] rows, int offset, int count);
}
