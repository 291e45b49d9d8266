package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/** A sequence under a {@link CacheMethod}; it has no blocks, so it cannot take stored ones. */
final class WindowSequence implements EngineSequence {

  private final List<WindowLayer> layers;
  private int length;

  WindowSequence(ModelConfig config, KvShape shape) {
    layers =
        IntStream.range(0, shape.layers())
            .mapToObj(layer -> new WindowLayer(shape, config.hidden(), config.queryDim()))
            .toList();
  }

  WindowLayer layer(int layer) {
    return layers.get(layer);
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public void grow(int tokens) {
    length += tokens;
  }

  @Override
  public void await(int layer) {}

  @Override
  public void expect(int blocks) {
    throw new UnsupportedOperationException("a method under evaluation has no blocks to share");
  }

  @Override
  public void load(int block, int layer, MemorySegment bytes) {
    throw new UnsupportedOperationException("a method under evaluation has no blocks to share");
  }

  @Override
  public void abort(RuntimeException cause) {}

  @Override
  public boolean loaded(int layer) {
    return true;
  }

  @Override
  public void seal() {}

  @Override
  public long blockBytes() {
    return Math.ceilDiv(layers.stream().mapToLong(WindowLayer::bits).sum(), Byte.SIZE);
  }

  @Override
  public void close() {}
}
