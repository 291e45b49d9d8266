package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.engine.RandomWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A random model with heads as real ones have them. Every 50th token has an embedding so large that
 * it is a sink in every layer, by a margin that rounding cannot cross.
 */
final class RandomModel {

  private static final int LAYERS = 3;
  private static final int HIDDEN = 256;
  private static final int FEED_FORWARD = 512;
  private static final int VOCABULARY = 500;
  private static final int SINK_EVERY = 50;
  private static final float SINK_THRESHOLD = 20f;

  private final ModelConfig config;
  private final RandomWeights random;
  private final ModelWeights weights;

  private RandomModel(int heads, int kvHeads, int headDim, Arena arena) {
    random = new RandomWeights(arena);
    config =
        new ModelConfig(
            "qwen2",
            "random",
            LAYERS,
            HIDDEN,
            heads,
            kvHeads,
            headDim,
            FEED_FORWARD,
            VOCABULARY,
            2048,
            1e-5f,
            new RopeSpec(headDim, 10000, new RopeScaling.None()));
    Matrix embedding = embedding();
    List<LayerWeights> layers = IntStream.range(0, LAYERS).mapToObj(layer -> layer()).toList();
    weights =
        new ModelWeights(
            embedding, layers, RandomWeights.ones(HIDDEN), random.matrix(VOCABULARY, HIDDEN, 0.1));
  }

  static RandomModel of(int heads, int kvHeads, int headDim, Arena arena) {
    return new RandomModel(heads, kvHeads, headDim, arena);
  }

  ModelConfig config() {
    return config;
  }

  ModelWeights weights() {
    return weights;
  }

  CodecContext context(CodecSpec spec) {
    KvShape shape = new KvShape(LAYERS, config.kvHeads(), config.headDim());
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(shape);
    }
    float[] mean = new float[shape.kvDim()];
    for (int channel = 0; channel < mean.length; channel++) {
      mean[channel] = ((channel * 29) % 64 - 32) * 0.01f;
    }
    LayerCalibration layer =
        new LayerCalibration(
            mean, 12, 8, 12, 8, SINK_THRESHOLD, LayerCalibration.evenImportance(shape));
    return new CodecContext(
        spec, shape, Collections.nCopies(LAYERS, layer), 42L, config.rope().blockRope());
  }

  /** {@code shaped2} with more bits in some layers, as the gate of calibration makes it. */
  CodecContext mixedContext() {
    return context(CodecSpec.SHAPED_2)
        .with(List.of(CodecSpec.SHAPED_3, CodecSpec.FP16, CodecSpec.SHAPED_2));
  }

  /** Tokens that do not repeat soon, some of them sinks. */
  static int[] tokens(int count, int seed) {
    return IntStream.range(0, count).map(i -> (i * 131 + i / 7 + seed * 17) % VOCABULARY).toArray();
  }

  private Matrix embedding() {
    Matrix matrix = random.matrix(VOCABULARY, HIDDEN, 1);
    for (int row = 0; row < VOCABULARY; row += SINK_EVERY) {
      matrix.data().setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * HIDDEN + row % HIDDEN, 60);
    }
    return matrix;
  }

  private LayerWeights layer() {
    return new LayerWeights(
        RandomWeights.ones(HIDDEN),
        random.matrix(config.queryDim(), HIDDEN, 0.1),
        random.vector(config.queryDim()),
        random.matrix(config.kvDim(), HIDDEN, 0.1),
        random.vector(config.kvDim()),
        random.matrix(config.kvDim(), HIDDEN, 0.1),
        random.vector(config.kvDim()),
        random.matrix(HIDDEN, config.queryDim(), 0.05),
        RandomWeights.ones(HIDDEN),
        random.matrix(FEED_FORWARD, HIDDEN, 0.08),
        random.matrix(FEED_FORWARD, HIDDEN, 0.08),
        random.matrix(HIDDEN, FEED_FORWARD, 0.05));
  }
}
