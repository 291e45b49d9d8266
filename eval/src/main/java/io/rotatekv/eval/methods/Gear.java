package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.function.Consumer;

/**
 * GEAR (Kang et al. 2024, arXiv 2403.05527, section 3 and Algorithm 1): {@code X = D + L + S}.
 * Outliers S are the extremes of each key channel (after RoPE) and of each token's values; D
 * quantizes the rest with KIVI's granularities; L approximates what D misses, by head.
 *
 * @param bits bits of a code
 * @param group elements that share a scale; 64 in the paper's 2-bit setting
 * @param rank rank of L; 4 there
 * @param sparsity share of outliers; 0.02 there
 * @param buffer newest tokens that wait in full precision to be compressed together; 20 there
 */
record Gear(int bits, int group, int rank, double sparsity, int buffer) implements CacheMethod {

  @Override
  public StoredLayer store(LayerWindow window) {
    KvShape shape = window.shape();
    int width = shape.kvDim();
    int tokens = window.tokens();
    float[] keys = window.rotated(window.keys());
    float[] values = window.values().clone();
    Buffer recent = new Buffer(buffer);
    int compressed = recent.from(tokens - 1);

    Outliers keyOutliers = new Outliers(keys.length);
    int keyEach = (int) Math.round(tokens * sparsity / 2);
    for (int channel = 0; channel < width; channel++) {
      keyOutliers.addExtremes(keys, channel, tokens, width, keyEach);
    }
    Outliers valueOutliers = new Outliers(values.length);
    int valueEach = (int) Math.round(width * sparsity / 2);
    for (int token = 0; token < tokens; token++) {
      valueOutliers.addExtremes(values, token * width, width, 1, valueEach);
    }

    UniformQuantizer quantizer = new UniformQuantizer(bits, 1f, Metadata.FP16_MINIMUM);
    int valueGroup = Math.min(group, shape.headDim());
    compress(keys, shape, keyOutliers, x -> quantizer.perChannel(x, width, 0, tokens, group));
    compress(
        values, shape, valueOutliers, x -> quantizer.perToken(x, width, 0, tokens, valueGroup));
    return new StoredLayer(
        keys,
        values,
        recent,
        bits(shape, tokens, compressed, keyOutliers.bits() + valueOutliers.bits()));
  }

  private void compress(float[] x, KvShape shape, Outliers outliers, Consumer<float[]> dense) {
    float[] residual = x.clone();
    float[] sparse = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      if (outliers.contains(i)) {
        sparse[i] = x[i];
        x[i] = 0;
        residual[i] = 0;
      }
    }
    dense.accept(x);
    for (int i = 0; i < x.length; i++) {
      residual[i] -= x[i];
    }
    for (int head = 0; head < shape.kvHeads(); head++) {
      LowRank.addApproximation(
          residual, shape.kvDim(), head * shape.headDim(), shape.headDim(), rank, x);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] += sparse[i];
    }
  }

  private long bits(KvShape shape, int tokens, int compressed, long outlierBits) {
    long width = shape.kvDim();
    int valueGroup = Math.min(group, shape.headDim());
    long codes = 2L * compressed * width * bits;
    long scales =
        Metadata.FP16_MINIMUM.bits()
            * (width * Math.ceilDiv(compressed, group) + (long) compressed * (width / valueGroup));
    long lowRank = 2L * shape.kvHeads() * rank * (compressed + (long) shape.headDim()) * Short.SIZE;
    long sparse = outlierBits * compressed / tokens;
    return codes + scales + lowRank + sparse + 2L * (tokens - compressed) * width * Short.SIZE;
  }

  private record Buffer(int tokens) implements StoredLayer.Recent {

    int from(int position) {
      return (position + 1) / tokens * tokens;
    }

    @Override
    public int keysFrom(int position) {
      return from(position);
    }

    @Override
    public int valuesFrom(int position) {
      return from(position);
    }
  }
}
