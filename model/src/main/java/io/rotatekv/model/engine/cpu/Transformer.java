package io.rotatekv.model.engine.cpu;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The LLaMA-family decoder (Touvron et al. 2023): embeddings, layers, final norm. */
final class Transformer {

  /** Consecutive rows of one batch that belong to one sequence. */
  record Rows(EngineSequence sequence, int first, int count) {}

  private final ModelConfig config;
  private final ModelWeights weights;
  private final Kernels kernels;
  private final LayerAttention attention;
  private final LayerObserver observer;

  Transformer(
      ModelConfig config,
      ModelWeights weights,
      Kernels kernels,
      LayerAttention attention,
      LayerObserver observer) {
    this.config = config;
    this.weights = weights;
    this.kernels = kernels;
    this.attention = attention;
    this.observer = observer;
  }

  /**
   * Runs all layers.
   *
   * @param tokens {@code (rows)}
   * @param sequences which rows belong to which sequence
   * @param w gets the final normed hidden states in {@code normed}, {@code (rows, hidden)}
   */
  void forward(int[] tokens, List<Rows> sequences, Workspace w) {
    int n = tokens.length;
    for (int row = 0; row < n; row++) {
      kernels.matMul().row(weights.embedding(), tokens[row], w.hidden, row * config.hidden());
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      attentionBlock(layer, n, sequences, w);
      feedForwardBlock(weights.layers().get(layer), n, w);
    }
    kernels.rmsNorm().normalize(w.hidden, n, weights.outputNorm(), config.rmsEpsilon(), w.normed);
    for (Rows rows : sequences) {
      rows.sequence().grow(rows.count());
    }
  }

  /** Logits of {@code n} rows of normed hidden states, {@code (n, vocabulary)}. */
  void logits(float[] normed, int n, float[] out) {
    kernels.matMul().multiply(weights.output(), normed, n, out);
  }

  private void attentionBlock(int layer, int n, List<Rows> sequences, Workspace w) {
    LayerWeights block = weights.layers().get(layer);
    kernels.rmsNorm().normalize(w.hidden, n, block.attentionNorm(), config.rmsEpsilon(), w.normed);
    project(block.query(), block.queryBias(), n, w.normed, w.query);
    project(block.key(), block.keyBias(), n, w.normed, w.key);
    project(block.value(), block.valueBias(), n, w.normed, w.value);
    observer.observe(layer, n, w.hidden, w.query, w.key, w.value);
    for (Rows rows : sequences) {
      rows.sequence().await(layer);
      attention.attend(rows.sequence(), layer, rows.first(), rows.count(), w);
    }
    kernels.matMul().multiply(block.output(), w.attention, n, w.projected);
    add(w.projected, w.hidden, n * config.hidden());
  }

  private void feedForwardBlock(LayerWeights block, int n, Workspace w) {
    kernels
        .rmsNorm()
        .normalize(w.hidden, n, block.feedForwardNorm(), config.rmsEpsilon(), w.normed);
    kernels.matMul().multiply(block.gate(), w.normed, n, w.gate);
    kernels.matMul().multiply(block.up(), w.normed, n, w.up);
    kernels.swiGlu().apply(w.gate, w.up, n * config.feedForward());
    kernels.matMul().multiply(block.down(), w.gate, n, w.projected);
    add(w.projected, w.hidden, n * config.hidden());
  }

  private void project(Matrix matrix, float @Nullable [] bias, int n, float[] x, float[] y) {
    kernels.matMul().multiply(matrix, x, n, y);
    if (bias != null) {
      for (int row = 0; row < n; row++) {
        for (int i = 0; i < bias.length; i++) {
          y[row * bias.length + i] += bias[i];
        }
      }
    }
  }

  private static void add(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i++) {
      to[i] += from[i];
    }
  }
}
