package io.rotatekv.kernels.block;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A codec of its own for each layer, where calibration found some layers to need more bits. */
public final class LayeredCodec implements BlockCodec {

  private final CodecContext context;
  private final List<BlockCodec> byLayer;

  private LayeredCodec(CodecContext context, List<BlockCodec> byLayer) {
    this.context = context;
    this.byLayer = byLayer;
  }

  /**
   * The codec of a context.
   *
   * @param create makes the codec of a context whose layers all have the same
   */
  public static BlockCodec of(CodecContext context, Function<CodecContext, BlockCodec> create) {
    if (context.uniform()) {
      return create.apply(context);
    }
    Map<CodecSpec, BlockCodec> codecs = new HashMap<>();
    return new LayeredCodec(
        context,
        context.layerSpecs().stream()
            .map(spec -> codecs.computeIfAbsent(spec, key -> create.apply(context.only(key))))
            .toList());
  }

  @Override
  public CodecSpec spec() {
    return context.spec();
  }

  @Override
  public KvShape shape() {
    return context.shape();
  }

  @Override
  public boolean rotatesValues(int layer) {
    return byLayer.get(layer).rotatesValues(layer);
  }

  @Override
  public int maxBlockBytes() {
    return byLayer.stream().mapToInt(BlockCodec::maxBlockBytes).max().orElseThrow();
  }

  @Override
  public int encode(int layer, float[] keys, float[] values, long sinks, MemorySegment out) {
    return byLayer.get(layer).encode(layer, keys, values, sinks, out);
  }

  @Override
  public void decodeKeys(MemorySegment block, float[] keys) {
    byLayer.get(BlockHeader.layer(block)).decodeKeys(block, keys);
  }

  @Override
  public void decodeValues(MemorySegment block, float[] values) {
    byLayer.get(BlockHeader.layer(block)).decodeValues(block, values);
  }

  @Override
  public EncodeStats stats(int layer) {
    return byLayer.get(layer).stats(layer);
  }

  @Override
  public void rotate(int layer, float[] rows, int offset, int count) {
    byLayer.get(layer).rotate(layer, rows, offset, count);
  }

  @Override
  public void unrotate(int layer, float[] rows, int offset, int count) {
    byLayer.get(layer).unrotate(layer, rows, offset, count);
  }
}
