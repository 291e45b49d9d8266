package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collections;
import java.util.SplittableRandom;

/**
 * A model's shape with random weights, for measuring. All layers have the same weights, which a
 * device holds once for each.
 */
final class RandomModel implements AutoCloseable {

  /** Keeps the activations of every layer of the same size, about. */
  private static final double DEVIATION = 0.02;

  private final Arena arena = Arena.ofShared();
  private final ModelConfig config;
  private final ModelWeights weights;

  RandomModel(ModelConfig config) {
    this.config = config;
    Matrix embedding = matrix(config.vocabulary(), config.hidden());
    Matrix output = matrix(config.vocabulary(), config.hidden());
    weights =
        new ModelWeights(
            embedding,
            Collections.nCopies(config.layers(), layer()),
            ones(config.hidden()),
            output);
  }

  /** LLaMA-2-7B's shape. */
  static ModelConfig llama27b() {
    RopeSpec rope = new RopeSpec(128, 10_000, new RopeScaling.None());
    return new ModelConfig(
        "llama", "LLaMA-2-7B", 32, 4096, 32, 32, 128, 11008, 32000, 4096, 1e-5f, rope);
  }

  ModelConfig config() {
    return config;
  }

  ModelWeights weights() {
    return weights;
  }

  private LayerWeights layer() {
    int hidden = config.hidden();
    return new LayerWeights(
        ones(hidden),
        matrix(config.queryDim(), hidden),
        null,
        matrix(config.kvDim(), hidden),
        null,
        matrix(config.kvDim(), hidden),
        null,
        matrix(hidden, config.queryDim()),
        ones(hidden),
        matrix(config.feedForward(), hidden),
        matrix(config.feedForward(), hidden),
        matrix(hidden, config.feedForward()));
  }

  private Matrix matrix(int rows, int columns) {
    long count = (long) rows * columns;
    MemorySegment data = arena.allocate(ValueLayout.JAVA_SHORT, count);
    SplittableRandom random = new SplittableRandom(count);
    for (long i = 0; i < count; i++) {
      // Uniform numbers of this deviation: sums of many are normal all the same.
      double value = Math.sqrt(12) * DEVIATION * (random.nextDouble() - 0.5);
      data.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16((float) value));
    }
    return new Matrix(TensorType.F16, data, rows, columns);
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  @Override
  public void close() {
    arena.close();
  }
}
