package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How much some queries attend to each token.
 *
 * @param attention attention weights summed over queries and the query heads of a KV head: {@code
 *     (kvHeads, tokens)}
 * @param seen how many of the queries could see each token, {@code (tokens)}
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by methods, never compared.
record Saliency(float[][] attention, int[] seen) {

  /**
   * Measures the attention of probes.
   *
   * @param keys keys after RoPE, {@code (tokens, kvDim)}
   * @param probes rows of the window's queries
   */
  static Saliency of(LayerWindow window, float[] keys, int[] probes) {
    KvShape shape = window.shape();
    int tokens = window.tokens();
    int first = tokens - window.queryRows();
    int queryDim = window.queries().length / window.queryRows();
    int shared = queryDim / shape.kvDim();
    float[][] attention = new float[shape.kvHeads()][tokens];
    float[] channels = new float[shape.headDim() * tokens];
    float[] scores = new float[tokens];
    for (int head = 0; head < shape.kvHeads(); head++) {
      transpose(keys, shape, head, tokens, channels);
      for (int probe : probes) {
        for (int s = 0; s < shared; s++) {
          int query = probe * queryDim + (head * shared + s) * shape.headDim();
          score(window.queries(), query, shape.headDim(), channels, tokens, first + probe, scores);
          addSoftmax(scores, first + probe + 1, attention[head]);
        }
      }
    }
    int[] seen = new int[tokens];
    for (int probe : probes) {
      for (int token = 0; token <= first + probe; token++) {
        seen[token]++;
      }
    }
    return new Saliency(attention, seen);
  }

  private static void transpose(
      float[] keys, KvShape shape, int head, int tokens, float[] channels) {
    for (int token = 0; token < tokens; token++) {
      int row = token * shape.kvDim() + head * shape.headDim();
      for (int channel = 0; channel < shape.headDim(); channel++) {
        channels[channel * tokens + token] = keys[row + channel];
      }
    }
  }

  private static void score(
      float[] queries,
      int query,
      int headDim,
      float[] channels,
      int tokens,
      int last,
      float[] scores) {
    Arrays.fill(scores, 0, last + 1, 0f);
    for (int channel = 0; channel < headDim; channel++) {
      float q = queries[query + channel];
      int at = channel * tokens;
      for (int token = 0; token <= last; token++) {
        scores[token] += q * channels[at + token];
      }
    }
  }

  private static void addSoftmax(float[] scores, int count, float[] to) {
    float max = Float.NEGATIVE_INFINITY;
    for (int token = 0; token < count; token++) {
      max = Math.max(max, scores[token]);
    }
    double sum = 0;
    for (int token = 0; token < count; token++) {
      scores[token] = (float) Math.exp(scores[token] - max);
      sum += scores[token];
    }
    float inverse = (float) (1 / sum);
    for (int token = 0; token < count; token++) {
      to[token] += scores[token] * inverse;
    }
  }

  /** Marks the {@code count} tokens before {@code end} with the largest scores. */
  static boolean[] largest(float[] scores, int end, int count) {
    int[] order =
        IntStream.range(0, end)
            .boxed()
            .sorted(Comparator.comparingDouble(token -> -scores[token]))
            .mapToInt(Integer::intValue)
            .toArray();
    boolean[] marked = new boolean[scores.length];
    for (int i = 0; i < Math.min(count, end); i++) {
      marked[order[i]] = true;
    }
    return marked;
  }
}
