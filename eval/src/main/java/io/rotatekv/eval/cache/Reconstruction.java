package io.rotatekv.eval.cache;

import io.rotatekv.model.engine.cpu.CacheMethod;

/** What a cache makes of one layer after the other, with what it lost on the way. */
public interface Reconstruction extends CacheMethod {

  /** Counts of the layer that was stored last; all 0 where a cache does not count. */
  default Losses losses() {
    return Losses.NONE;
  }

  /**
   * What encoding lost.
   *
   * @param codes quantized elements
   * @param clipped those more than half a step outside their group's levels
   * @param saturatedZeros zero points that did not fit INT8
   * @param sinks tokens that stayed in full precision for their massive activations
   */
  record Losses(long codes, long clipped, long saturatedZeros, long sinks) {

    public static final Losses NONE = new Losses(0, 0, 0, 0);

    /** Both together. */
    public Losses plus(Losses other) {
      return new Losses(
          codes + other.codes,
          clipped + other.clipped,
          saturatedZeros + other.saturatedZeros,
          sinks + other.sinks);
    }
  }
}
