package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.SampledError;
import io.rotatekv.kernels.cuda.EncodeLosses;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/** What was encoded and lost, by layer. Written by the engine's thread, read by any. */
final class EncodeTally {

  private final CodecContext codec;
  private final AtomicLongArray blocks; // by layer
  private final AtomicLongArray sinks; // by layer
  private volatile List<EncodeLosses> losses = List.of(); // by layer, once there are any

  EncodeTally(CodecContext codec) {
    this.codec = codec;
    blocks = new AtomicLongArray(codec.shape().layers());
    sinks = new AtomicLongArray(codec.shape().layers());
  }

  /** Counts one block. */
  void add(int layer, int sinksOfBlock) {
    blocks.incrementAndGet(layer);
    sinks.addAndGet(layer, sinksOfBlock);
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
    return new EncodeStats(
        blocks.get(layer),
        sinks.get(layer),
        2 * tokens * shape.kvDim(),
        0,
        2 * tokens * shape.groups(),
        lost.narrowGroups(),
        lost.saturatedZeros(),
        lost.saturatedScales(),
        lost.saturatedHalves(),
        SampledError.NONE);
  }
}
