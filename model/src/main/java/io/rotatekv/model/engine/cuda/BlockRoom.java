package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Makes room in the cache for the blocks that a layer's new tokens fill, and counts them; their
 * sinks decide their size.
 */
final class BlockRoom {

  /**
   * Room for one block.
   *
   * @param at where in the cache
   * @param bytes how much
   * @param sinks bit t set: token t is kept in FP16
   */
  record Place(long at, int bytes, long sinks) {}

  private final CodecContext codec;
  private final List<BlockLayout> layouts; // by layer
  private final CacheMemory memory;
  private final EncodeTally tally;

  BlockRoom(CodecContext codec, CacheMemory memory, EncodeTally tally) {
    this.codec = codec;
    this.layouts =
        codec.layerSpecs().stream().map(spec -> BlockLayout.of(spec, codec.shape())).toList();
    this.memory = memory;
    this.tally = tally;
  }

  /** Whether any layer keeps sinks apart, so that the magnitudes of hidden states must be known. */
  boolean hasSinks() {
    return codec.layerSpecs().stream().anyMatch(BlockRoom::hasSinks);
  }

  /** Whether a layer keeps sinks apart. */
  boolean hasSinks(int layer) {
    return hasSinks(codec.spec(layer));
  }

  private static boolean hasSinks(CodecSpec spec) {
    return spec.family() != CodecFamily.FP16;
  }

  /**
   * Appends a block to a sequence's layer.
   *
   * @param maxima the largest magnitudes of its tokens' hidden states, FP32 {@code (64)}
   */
  Place append(CudaSequence sequence, int layer, MemorySegment maxima) {
    long sinks = hasSinks(layer) ? sinks(layer, maxima) : 0;
    int count = Long.bitCount(sinks);
    int bytes = layouts.get(layer).length(count);
    Place place = new Place(memory.take(bytes), bytes, sinks);
    sequence.add(layer, place.at, place.bytes);
    tally.add(layer, count);
    return place;
  }

  private long sinks(int layer, MemorySegment maxima) {
    float threshold = codec.layers().get(layer).sinkThreshold();
    long sinks = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      boolean sink = maxima.getAtIndex(ValueLayout.JAVA_FLOAT, token) > threshold;
      sinks |= sink ? 1L << token : 0;
    }
    return sinks;
  }
}
