package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SampledError;
import io.rotatekv.kernels.cuda.EncodeLosses;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;

/**
 * What was encoded and lost, by layer. Written by the engine's thread and by the sampler's, read by
 * any.
 */
final class EncodeTally {

  /** Of the blocks of a layer that were looked at: their error, clipped elements, all elements. */
  private record Sampled(SampledError error, long clipped, long codes) {

    static final Sampled NONE = new Sampled(SampledError.NONE, 0, 0);

    Sampled plus(Sampled other) {
      return new Sampled(error.plus(other.error), clipped + other.clipped, codes + other.codes);
    }

    /** Clipped elements of so many as there would be at the same rate. */
    long clippedOf(long all) {
      return codes == 0 ? 0 : Math.round((double) clipped / codes * all);
    }
  }

  private final CodecContext codec;
  private final AtomicLongArray blocks; // by layer
  private final AtomicLongArray sinks; // by layer
  private final AtomicReferenceArray<Sampled> sampled; // by layer
  private volatile List<EncodeLosses> losses = List.of(); // by layer, once there are any

  EncodeTally(CodecContext codec) {
    this.codec = codec;
    blocks = new AtomicLongArray(codec.shape().layers());
    sinks = new AtomicLongArray(codec.shape().layers());
    sampled =
        new AtomicReferenceArray<>(
            Collections.nCopies(codec.shape().layers(), Sampled.NONE).toArray(Sampled[]::new));
  }

  /** Counts one block. */
  void add(int layer, int sinksOfBlock) {
    blocks.incrementAndGet(layer);
    sinks.addAndGet(layer, sinksOfBlock);
  }

  /** Adds a block that was looked at. */
  void sampled(int layer, SampledError error, long clipped, long codes) {
    sampled.accumulateAndGet(layer, new Sampled(error, clipped, codes), Sampled::plus);
  }

  /** Takes what the encoder has counted so far. */
  void losses(List<EncodeLosses> latest) {
    losses = latest;
  }

  /** All of it, layer by layer. */
  List<EncodeStats> stats() {
    List<EncodeLosses> latest = losses;
    return IntStream.range(0, blocks.length())
        .mapToObj(layer ->
            stats(layer, latest.isEmpty() ? new EncodeLosses(0, 0, 0, 0) : latest.get(layer)))
        .toList();
  }

  private EncodeStats stats(int layer, EncodeLosses lost) {
    KvShape shape = codec.shape();
    boolean quantizes = codec.spec(layer).family() != CodecFamily.FP16;
    long tokens = quantizes ? BLOCK_TOKENS * blocks.get(layer) - sinks.get(layer) : 0;
    long codes = 2 * tokens * shape.kvDim();
    Sampled seen = sampled.get(layer);
    return new EncodeStats(
        blocks.get(layer),
        sinks.get(layer),
        codes,
        seen.clippedOf(codes),
        2 * tokens * shape.groups(),
        lost.narrowGroups(),
        lost.saturatedZeros(),
        lost.saturatedScales(),
        lost.saturatedHalves(),
        seen.error());
  }
}
