package io.rotatekv.eval.methods;

import io.rotatekv.eval.cache.BlockReconstruction;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.simd.SimdCodecs;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** {@link CodecVariant} over one model: keys of one codec's blocks, values of another's. */
final class VariantMethod implements CacheMethod {

  private final CodecContext keys;
  private final CodecContext values;
  private final int recent;
  private final Queue<Sides> idle = new ConcurrentLinkedQueue<>(); // codecs are for one thread

  private record Sides(BlockReconstruction keys, BlockReconstruction values) {}

  VariantMethod(CodecContext keys, CodecContext values, int recent) {
    this.keys = keys;
    this.values = values;
    this.recent = recent;
  }

  @Override
  public StoredLayer store(LayerWindow window) {
    Sides sides = idle.poll();
    if (sides == null) {
      BlockReconstruction forKeys = reconstruction(keys);
      sides = new Sides(forKeys, keys.equals(values) ? forKeys : reconstruction(values));
    }
    StoredLayer ofKeys = sides.keys().store(window);
    StoredLayer ofValues = sides.keys() == sides.values() ? ofKeys : sides.values().store(window);
    idle.add(sides);
    // Keys and values take half of a block each, whatever the codec.
    long stored = (ofKeys.bits() + ofValues.bits()) / 2;
    int exact = Math.min(recent, window.tokens());
    long quantized = stored / window.tokens() * (window.tokens() - exact);
    long kept = 2L * exact * window.shape().kvDim() * Short.SIZE;
    return new StoredLayer(ofKeys.keys(), ofValues.values(), new Newest(recent), quantized + kept);
  }

  private static BlockReconstruction reconstruction(CodecContext context) {
    return new BlockReconstruction(SimdCodecs.create(context), context);
  }

  private record Newest(int tokens) implements StoredLayer.Recent {

    @Override
    public int keysFrom(int position) {
      return Math.max(0, position + 1 - tokens);
    }

    @Override
    public int valuesFrom(int position) {
      return keysFrom(position);
    }
  }
}
