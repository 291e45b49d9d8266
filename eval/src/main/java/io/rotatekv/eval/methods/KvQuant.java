package io.rotatekv.eval.methods;

import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * KVQuant (Hooper et al. 2024, arXiv 2401.18079): keys before RoPE by channel (sections 3.1 and
 * 3.2), values by token, non-uniform levels of each layer (3.3), outliers dense-and-sparse by
 * vector (3.4): of keys by calibrated thresholds, of values the extremes of a token. The first
 * token stays in FP16 (3.5).
 *
 * <p>Levels are placed with equal sensitivities: the Fisher information of the paper takes
 * gradients, which this runtime does not compute.
 *
 * @param bits bits of a code
 * @param outliers share of outliers, 0.005 in RotateKV's comparison
 * @param layers what calibration learned
 */
record KvQuant(int bits, double outliers, List<KvQuantLayer> layers) implements CacheMethod {

  /** Where the outliers of a token begin, in the compressed rows of keys and of values. */
  private static final int ROW_POINTER_BITS = 32;

  KvQuant {
    layers = List.copyOf(layers);
  }

  static KvQuant calibrate(CalibrationSample sample, int width, int bits, double outliers) {
    return new KvQuant(
        bits,
        outliers,
        IntStream.range(0, sample.layers().size())
            .parallel()
            .mapToObj(layer ->
                KvQuantLayer.calibrate(
                    sample.keys(layer), sample.values(layer), width, bits, outliers))
            .toList());
  }

  /** The inliers' range of a token's values. */
  record TokenRange(float low, float high) {

    /** The range without the entries that are farthest from the middle of the sorted ones. */
    static TokenRange of(float[] x, int offset, int width, double outliers) {
      float[] sorted = Arrays.copyOfRange(x, offset, offset + width);
      Arrays.sort(sorted);
      float median = sorted[width / 2];
      int from = 0;
      int to = width - 1;
      for (int left = (int) Math.round(width * outliers); left > 0; left--) {
        if (median - sorted[from] > sorted[to] - median) {
          from++;
        } else {
          to--;
        }
      }
      return new TokenRange(sorted[from], sorted[to]);
    }
  }

  @Override
  public StoredLayer store(LayerWindow window) {
    int width = window.shape().kvDim();
    KvQuantLayer layer = layers.get(window.layer());
    float[] keys = window.keys().clone();
    float[] values = window.values().clone();
    long exact = 0;
    for (int token = 1; token < window.tokens(); token++) {
      int row = token * width;
      for (int c = 0; c < width; c++) {
        exact += quantize(keys, row + c, layer.low()[c], layer.high()[c], layer.keys());
      }
      TokenRange range = TokenRange.of(values, row, width, outliers);
      float low = half(range.low());
      float high = half(range.high());
      for (int c = 0; c < width; c++) {
        exact += quantize(values, row + c, low, high, layer.values());
      }
    }
    long tokens = window.tokens() - 1L;
    long dense = 2 * tokens * width * bits + tokens * Metadata.FP16_MINIMUM.bits();
    long sparse = exact * Outliers.BITS + 2 * tokens * ROW_POINTER_BITS;
    long first = 2L * width * Short.SIZE;
    return new StoredLayer(
        window.rotated(keys), values, StoredLayer.Recent.NONE, dense + sparse + first);
  }

  /** Replaces an entry by its level; returns 1 and leaves it if it is an outlier. */
  private static int quantize(float[] x, int at, float low, float high, Levels levels) {
    if (x[at] < low || x[at] > high) {
      return 1;
    }
    float half = (high - low) / 2;
    if (half > 0) {
      x[at] = (levels.nearest((x[at] - low) / half - 1) + 1) * half + low;
    }
    return 0;
  }

  private static float half(float x) {
    return Float.float16ToFloat(Float.floatToFloat16(x));
  }
}
