package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.stream.IntStream;

/**
 * MiKV (Yang et al. 2024, arXiv 2402.18096, section 3): what H2O would evict stays at low
 * precision, what it would keep at a higher one. Importance is the attention that a token has
 * gathered (Zhang et al. 2023, arXiv 2306.14048), half of the important tokens being the most
 * recent. Per token and head, asymmetric; outlier channels of queries and keys are balanced first,
 * by {@code sqrt(max |q| / max |k|)} (section 3.2).
 *
 * @param lowBits bits of a code of an eviction candidate
 * @param highBits bits of a code of an important token
 * @param important share of important tokens
 */
record MiKv(int lowBits, int highBits, double important) implements CacheMethod {

  /** Queries whose attention is gathered, evenly spread: all of them would cost ten times more. */
  private static final int PROBES = 512;

  @Override
  public StoredLayer store(LayerWindow window) {
    KvShape shape = window.shape();
    int tokens = window.tokens();
    float[] keys = window.rotated(window.keys());
    float[] values = window.values().clone();
    int rows = window.queryRows();
    int step = Math.max(1, rows / PROBES);
    int[] probes = IntStream.iterate(rows - 1, row -> row >= 0, row -> row - step).toArray();
    Saliency saliency = Saliency.of(window, keys, probes);
    float[] balance = balance(window, keys);
    scale(keys, balance, false);
    long bits = (long) tokens * shape.kvHeads() + (long) shape.kvDim() * Short.SIZE;
    for (int head = 0; head < shape.kvHeads(); head++) {
      boolean[] high = important(saliency.attention()[head]);
      bits += quantize(keys, shape, head, high) + quantize(values, shape, head, high);
    }
    scale(keys, balance, true);
    return new StoredLayer(keys, values, StoredLayer.Recent.NONE, bits);
  }

  private boolean[] important(float[] attention) {
    int tokens = attention.length;
    int budget = (int) Math.round(important * tokens);
    int recent = budget / 2;
    boolean[] high = Saliency.largest(attention, tokens - recent, budget - recent);
    for (int token = tokens - recent; token < tokens; token++) {
      high[token] = true;
    }
    return high;
  }

  private long quantize(float[] x, KvShape shape, int head, boolean[] high) {
    UniformQuantizer low = new UniformQuantizer(lowBits, 1f, Metadata.FP16_MINIMUM);
    UniformQuantizer precise = new UniformQuantizer(highBits, 1f, Metadata.FP16_MINIMUM);
    long bits = 0;
    for (int token = 0; token < high.length; token++) {
      UniformQuantizer quantizer = high[token] ? precise : low;
      quantizer.quantize(x, token * shape.kvDim() + head * shape.headDim(), shape.headDim(), 1);
      bits += (long) shape.headDim() * quantizer.bits() + quantizer.metadata().bits();
    }
    return bits;
  }

  /** The balancer of each key channel; query heads that share a KV head count as one. */
  private static float[] balance(LayerWindow window, float[] keys) {
    KvShape shape = window.shape();
    int queryDim = window.queries().length / window.queryRows();
    int shared = queryDim / shape.kvDim();
    float[] queryMax = new float[shape.kvDim()];
    for (int i = 0; i < window.queries().length; i++) {
      int head = i % queryDim / shape.headDim() / shared;
      int channel = head * shape.headDim() + i % shape.headDim();
      queryMax[channel] = Math.max(queryMax[channel], Math.abs(window.queries()[i]));
    }
    float[] keyMax = ChannelStatistics.largest(keys, shape.kvDim());
    float[] balance = new float[shape.kvDim()];
    for (int channel = 0; channel < balance.length; channel++) {
      boolean zero = keyMax[channel] == 0 || queryMax[channel] == 0;
      balance[channel] = zero ? 1 : (float) Math.sqrt(queryMax[channel] / keyMax[channel]);
    }
    return balance;
  }

  private static void scale(float[] keys, float[] balance, boolean inverse) {
    for (int i = 0; i < keys.length; i++) {
      float factor = balance[i % balance.length];
      keys[i] = inverse ? keys[i] / factor : keys[i] * factor;
    }
  }
}
