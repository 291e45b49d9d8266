package io.rotatekv.model.engine.cpu;

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
import java.util.List;
import java.util.stream.IntStream;

/** A random model of two layers with grouped queries and biases, small enough to check by hand. */
final class TinyModel {

  static final ModelConfig CONFIG =
      new ModelConfig(
          "qwen2",
          "tiny",
          2,
          48,
          6,
          3,
          16,
          80,
          97,
          1024,
          1e-5f,
          new RopeSpec(16, 10000, new RopeScaling.None()));

  static final KvShape SHAPE = new KvShape(CONFIG.layers(), CONFIG.kvHeads(), CONFIG.headDim());

  private static final float SINK_THRESHOLD = 7f;

  private final RandomWeights random;

  private TinyModel(Arena arena) {
    random = new RandomWeights(arena);
  }

  static ModelWeights weights(Arena arena) {
    return new TinyModel(arena).build();
  }

  static CodecContext context(CodecSpec spec) {
    return context(spec, SINK_THRESHOLD);
  }

  static CodecContext context(CodecSpec spec, float sinkThreshold) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(SHAPE);
    }
    float[] mean = new float[SHAPE.kvDim()];
    for (int channel = 0; channel < mean.length; channel++) {
      mean[channel] = ((channel * 29) % mean.length - mean.length / 2) * 0.02f;
    }
    LayerCalibration layer =
        new LayerCalibration(
            mean, 12, 8, 12, 8, sinkThreshold, LayerCalibration.evenImportance(SHAPE));
    return new CodecContext(spec, SHAPE, List.of(layer, layer), 42L, CONFIG.rope().blockRope());
  }

  static int[] tokens(int count) {
    return IntStream.range(0, count).map(i -> (i * 31 + i / 7) % CONFIG.vocabulary()).toArray();
  }

  private ModelWeights build() {
    Matrix embedding = random.matrix(CONFIG.vocabulary(), CONFIG.hidden(), 1.5);
    List<LayerWeights> layers =
        IntStream.range(0, CONFIG.layers()).mapToObj(layer -> layer()).toList();
    return new ModelWeights(embedding, layers, RandomWeights.ones(CONFIG.hidden()), embedding);
  }

  private LayerWeights layer() {
    int hidden = CONFIG.hidden();
    return new LayerWeights(
        RandomWeights.ones(CONFIG.hidden()),
        random.matrix(CONFIG.queryDim(), hidden, 0.25),
        random.vector(CONFIG.queryDim()),
        random.matrix(CONFIG.kvDim(), hidden, 0.25),
        random.vector(CONFIG.kvDim()),
        random.matrix(CONFIG.kvDim(), hidden, 0.25),
        random.vector(CONFIG.kvDim()),
        random.matrix(hidden, CONFIG.queryDim(), 0.2),
        RandomWeights.ones(CONFIG.hidden()),
        random.matrix(CONFIG.feedForward(), hidden, 0.2),
        random.matrix(CONFIG.feedForward(), hidden, 0.2),
        random.matrix(hidden, CONFIG.feedForward(), 0.2));
  }
}
