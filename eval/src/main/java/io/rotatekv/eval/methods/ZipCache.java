package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * ZipCache (He et al. 2024, arXiv 2405.14256): salient tokens at more bits than the others. A
 * token's saliency is the attention it gets, divided by the number of queries that can see it
 * (section 4.2, equation 8), estimated by probes: the newest and some random ones (section 4.3).
 * Keys are quantized by channel over all tokens of a precision; values by token after each channel
 * is divided by {@code sqrt(max |x|)} (channel-separable tokenwise quantization, section 4.1 and
 * equation 6).
 *
 * @param lowBits bits of a code of other tokens
 * @param highBits bits of a code of salient tokens
 * @param salient share of salient tokens
 */
record ZipCache(int lowBits, int highBits, double salient) implements CacheMethod {

  /** Recent and random probes are each this share of the queries (section 5.1). */
  private static final double PROBE_SHARE = 0.05;

  @Override
  public StoredLayer store(LayerWindow window) {
    KvShape shape = window.shape();
    int tokens = window.tokens();
    float[] keys = window.rotated(window.keys());
    boolean[] high = salientTokens(window, keys);
    float[] values = window.values().clone();
    int[] salientRows = rows(high, true);
    int[] others = rows(high, false);
    long bits = tokens; // which tokens are salient
    bits += perChannel(keys, shape.kvDim(), salientRows, highBits);
    bits += perChannel(keys, shape.kvDim(), others, lowBits);
    bits += separable(values, shape.kvDim(), salientRows, highBits);
    bits += separable(values, shape.kvDim(), others, lowBits);
    return new StoredLayer(keys, values, StoredLayer.Recent.NONE, bits);
  }

  private boolean[] salientTokens(LayerWindow window, float[] keys) {
    int rows = window.queryRows();
    int each = Math.max(1, (int) Math.round(rows * PROBE_SHARE));
    Random random = new Random(window.layer());
    int[] probes =
        IntStream.concat(
                IntStream.range(rows - Math.min(each, rows), rows), random.ints(each, 0, rows))
            .distinct()
            .toArray();
    Saliency saliency = Saliency.of(window, keys, probes);
    float[] normalized = new float[window.tokens()];
    for (int token = 0; token < normalized.length; token++) {
      for (float[] head : saliency.attention()) {
        normalized[token] += head[token];
      }
      normalized[token] /= Math.max(1, saliency.seen()[token]);
    }
    int count = (int) Math.round(salient * normalized.length);
    return Saliency.largest(normalized, normalized.length, count);
  }

  private static int[] rows(boolean[] high, boolean wanted) {
    return IntStream.range(0, high.length).filter(token -> high[token] == wanted).toArray();
  }

  private static float[] gather(float[] x, int width, int[] rows) {
    float[] some = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(x, rows[i] * width, some, i * width, width);
    }
    return some;
  }

  private static void scatter(float[] some, int width, int[] rows, float[] x) {
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(some, i * width, x, rows[i] * width, width);
    }
  }

  private static long perChannel(float[] x, int width, int[] rows, int bits) {
    if (rows.length == 0) {
      return 0;
    }
    UniformQuantizer quantizer = new UniformQuantizer(bits, 1f, Metadata.FP16_MINIMUM);
    float[] some = gather(x, width, rows);
    long stored = quantizer.perChannel(some, width, 0, rows.length, rows.length);
    scatter(some, width, rows, x);
    return stored;
  }

  private static long separable(float[] x, int width, int[] rows, int bits) {
    UniformQuantizer quantizer = new UniformQuantizer(bits, 1f, Metadata.FP16_MINIMUM);
    float[] some = gather(x, width, rows);
    float[] norm = ChannelStatistics.largest(some, width);
    for (int channel = 0; channel < width; channel++) {
      norm[channel] = norm[channel] == 0 ? 1 : (float) Math.sqrt(norm[channel]);
    }
    for (int i = 0; i < some.length; i++) {
      some[i] /= norm[i % width];
    }
    long stored = quantizer.perToken(some, width, 0, rows.length, width);
    for (int i = 0; i < some.length; i++) {
      some[i] *= norm[i % width];
    }
    scatter(some, width, rows, x);
    return stored + (long) width * Short.SIZE;
  }
}
