package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Attention of one query over a dequantized cache, in FP64 and with no trick. */
final class ReferenceAttention {

  private final BlockCodec codec;
  private final double[] inverseFrequencies;
  private final int kvDim;
  private final int headDim;

  ReferenceAttention(BlockCodec codec, double[] inverseFrequencies) {
    this.codec = codec;
    this.inverseFrequencies = inverseFrequencies;
    kvDim = codec.shape().kvDim();
    headDim = codec.shape().headDim();
  }

  /** A sequence's keys after RoPE and values in the model's basis, both {@code (tokens, kvDim)}. */
  record Cache(double[][] keys, double[][] values) {}

  /** Dequantizes a sequence: its stored blocks, then {@code tailTokens} FP32 rows. */
  Cache cache(List<MemorySegment> blocks, float[] tailKeys, float[] tailValues, int tailTokens) {
    int tokens = blocks.size() * BLOCK_TOKENS + tailTokens;
    Cache cache = new Cache(new double[tokens][kvDim], new double[tokens][kvDim]);
    float[] keys = new float[BLOCK_TOKENS * kvDim];
    float[] values = new float[BLOCK_TOKENS * kvDim];
    for (int block = 0; block < blocks.size(); block++) {
      codec.decodeKeys(blocks.get(block), keys);
      codec.decodeValues(blocks.get(block), values);
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        int position = block * BLOCK_TOKENS + token;
        for (int channel = 0; channel < kvDim; channel++) {
          cache.keys[position][channel] = keys[channel * BLOCK_TOKENS + token];
          cache.values[position][channel] = values[token * kvDim + channel];
        }
        if (codec.rotatesValues(0)) {
          unrotate(cache.values[position]);
        }
        rotate(cache.keys[position], position);
      }
    }
    for (int token = 0; token < tailTokens; token++) {
      int position = blocks.size() * BLOCK_TOKENS + token;
      for (int channel = 0; channel < kvDim; channel++) {
        cache.keys[position][channel] = tailKeys[token * kvDim + channel];
        cache.values[position][channel] = tailValues[token * kvDim + channel];
      }
      rotate(cache.keys[position], position);
    }
    return cache;
  }

  /** Attention of a query after RoPE, times {@code log2(e) / sqrt(headDim)} already. */
  double[] attend(Cache cache, int kvHead, float[] query, int offset) {
    double[] scores = new double[cache.keys.length];
    double max = Double.NEGATIVE_INFINITY;
    for (int position = 0; position < scores.length; position++) {
      for (int i = 0; i < headDim; i++) {
        scores[position] += query[offset + i] * cache.keys[position][kvHead * headDim + i];
      }
      max = Math.max(max, scores[position]);
    }
    double[] out = new double[headDim];
    double sum = 0;
    for (int position = 0; position < scores.length; position++) {
      double weight = Math.pow(2, scores[position] - max);
      sum += weight;
      for (int i = 0; i < headDim; i++) {
        out[i] += weight * cache.values[position][kvHead * headDim + i];
      }
    }
    for (int i = 0; i < headDim; i++) {
      out[i] /= sum;
    }
    return out;
  }

  private void rotate(double[] key, int position) {
    int pairs = headDim / 2;
    for (int head = 0; head < kvDim; head += headDim) {
      for (int i = 0; i < pairs; i++) {
        double cos = Math.cos(position * inverseFrequencies[i]);
        double sin = Math.sin(position * inverseFrequencies[i]);
        double a = key[head + i];
        double b = key[head + i + pairs];
        key[head + i] = a * cos - b * sin;
        key[head + i + pairs] = b * cos + a * sin;
      }
    }
  }

  /** Sylvester's matrix is its own inverse but for the norm. */
  private void unrotate(double[] value) {
    for (int distance = 1; distance < headDim; distance *= 2) {
      for (int i = 0; i < kvDim; i++) {
        if ((i & distance) == 0) {
          double a = value[i];
          value[i] = a + value[i + distance];
          value[i + distance] = a - value[i + distance];
        }
      }
    }
    for (int i = 0; i < kvDim; i++) {
      value[i] /= Math.sqrt(headDim);
    }
  }
}
