package io.rotatekv.eval.methods;

import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;

/**
 * KIVI (Liu et al. 2024, arXiv 2402.02750, section 3.3 and Algorithm 1): keys after RoPE by
 * channel, in groups of {@code group} tokens; values by token, in groups of {@code group} channels
 * of a head. Keys wait in full precision until {@code residual} of them are there; the newest
 * {@code residual} values always are.
 *
 * @param bits bits of a code
 * @param group G of the paper, 32 there
 * @param residual R of the paper, 128 there
 */
record Kivi(int bits, int group, int residual) implements CacheMethod {

  @Override
  public StoredLayer store(LayerWindow window) {
    int width = window.shape().kvDim();
    int tokens = window.tokens();
    float[] keys = window.rotated(window.keys());
    float[] values = window.values().clone();
    UniformQuantizer quantizer = new UniformQuantizer(bits, 1f, Metadata.FP16_MINIMUM);
    Residual recent = new Residual(residual);
    int quantizedKeys = recent.keysFrom(tokens - 1);
    int quantizedValues = recent.valuesFrom(tokens - 1);
    long stored =
        quantizer.perChannel(keys, width, 0, quantizedKeys, group)
            + quantizer.perToken(values, width, 0, quantizedValues, valueGroup(window));
    // What is beyond is read as stored once the sequence has grown past it.
    quantizer.perChannel(keys, width, quantizedKeys, tokens, group);
    quantizer.perToken(values, width, quantizedValues, tokens, valueGroup(window));
    long exact = (long) width * (2L * tokens - quantizedKeys - quantizedValues) * Short.SIZE;
    return new StoredLayer(keys, values, recent, stored + exact);
  }

  private int valueGroup(LayerWindow window) {
    return Math.min(group, window.shape().headDim());
  }

  private record Residual(int tokens) implements StoredLayer.Recent {

    @Override
    public int keysFrom(int position) {
      return (position + 1) / tokens * tokens;
    }

    @Override
    public int valuesFrom(int position) {
      return Math.max(0, position + 1 - tokens);
    }
  }
}
