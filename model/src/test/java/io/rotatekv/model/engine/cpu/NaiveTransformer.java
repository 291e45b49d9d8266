package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The same decoder written once more, in double precision, with no cache and no shortcuts. */
final class NaiveTransformer {

  private final ModelConfig config;
  private final ModelWeights weights;

  NaiveTransformer(ModelConfig config, ModelWeights weights) {
    this.config = config;
    this.weights = weights;
  }

  /** Logits after every token, {@code (tokens, vocabulary)}. */
  double[][] logits(int[] tokens) {
    double[][] x = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      x[t] = new double[config.hidden()];
      for (int i = 0; i < config.hidden(); i++) {
        x[t][i] = at(weights.embedding(), tokens[t], i);
      }
    }
    for (LayerWeights layer : weights.layers()) {
      attention(layer, x);
      feedForward(layer, x);
    }
    double[][] logits = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      logits[t] = times(weights.output(), null, norm(x[t], weights.outputNorm()));
    }
    return logits;
  }

  private void attention(LayerWeights layer, double[][] x) {
    double[][] q = new double[x.length][];
    double[][] k = new double[x.length][];
    double[][] v = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] normed = norm(x[t], layer.attentionNorm());
      q[t] = rope(times(layer.query(), layer.queryBias(), normed), t);
      k[t] = rope(times(layer.key(), layer.keyBias(), normed), t);
      v[t] = times(layer.value(), layer.valueBias(), normed);
    }
    for (int t = 0; t < x.length; t++) {
      double[] out = new double[config.queryDim()];
      for (int head = 0; head < config.heads(); head++) {
        attendHead(q[t], k, v, t, head, out);
      }
      addTo(x[t], times(layer.output(), null, out));
    }
  }

  private void attendHead(double[] q, double[][] k, double[][] v, int t, int head, double[] out) {
    int d = config.headDim();
    int kv = head / (config.heads() / config.kvHeads());
    double[] weight = new double[t + 1];
    double sum = 0;
    for (int s = 0; s <= t; s++) {
      double score = 0;
      for (int i = 0; i < d; i++) {
        score += q[head * d + i] * k[s][kv * d + i];
      }
      weight[s] = Math.exp(score / Math.sqrt(d));
      sum += weight[s];
    }
    for (int s = 0; s <= t; s++) {
      for (int i = 0; i < d; i++) {
        out[head * d + i] += weight[s] / sum * v[s][kv * d + i];
      }
    }
  }

  private void feedForward(LayerWeights layer, double[][] x) {
    for (double[] row : x) {
      double[] normed = norm(row, layer.feedForwardNorm());
      double[] gate = times(layer.gate(), null, normed);
      double[] up = times(layer.up(), null, normed);
      for (int i = 0; i < gate.length; i++) {
        gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
      }
      addTo(row, times(layer.down(), null, gate));
    }
  }

  private double[] rope(double[] x, int position) {
    double[] frequencies = config.rope().inverseFrequencies();
    int d = config.headDim();
    double[] out = new double[x.length];
    for (int base = 0; base < x.length; base += d) {
      for (int i = 0; i < d / 2; i++) {
        double cos = Math.cos(position * frequencies[i]);
        double sin = Math.sin(position * frequencies[i]);
        out[base + i] = x[base + i] * cos - x[base + i + d / 2] * sin;
        out[base + i + d / 2] = x[base + i + d / 2] * cos + x[base + i] * sin;
      }
    }
    return out;
  }

  private double[] norm(double[] x, float[] weight) {
    double square = 0;
    for (double value : x) {
      square += value * value;
    }
    double inverse = 1 / Math.sqrt(square / x.length + config.rmsEpsilon());
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * inverse * weight[i];
    }
    return out;
  }

  private static double[] times(Matrix matrix, float @Nullable [] bias, double[] x) {
    double[] y = new double[matrix.rows()];
    for (int row = 0; row < y.length; row++) {
      y[row] = bias == null ? 0 : bias[row];
      for (int i = 0; i < x.length; i++) {
        y[row] += at(matrix, row, i) * x[i];
      }
    }
    return y;
  }

  private static double at(Matrix matrix, int row, int column) {
    return matrix.data().getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * matrix.columns() + column);
  }

  private static void addTo(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }
}
