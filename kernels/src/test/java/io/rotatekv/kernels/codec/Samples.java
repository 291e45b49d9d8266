package io.rotatekv.kernels.codec;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Made-up calibrations, keys and values with the features of real ones. */
public final class Samples {

  private static final long SEED = 20260101;

  private Samples() {}

  /** A codec's context with calibrated means that differ by channel. */
  public static CodecContext context(CodecSpec spec, KvShape shape) {
    if (spec.family() == CodecFamily.FP16) {
      return CodecContext.fp16(shape);
    }
    List<LayerCalibration> layers = new ArrayList<>();
    for (int layer = 0; layer < shape.layers(); layer++) {
      layers.add(
          new LayerCalibration(
              means(shape, layer),
              12f,
              6f,
              8f,
              4f,
              Float.POSITIVE_INFINITY,
              importance(shape, layer)));
    }
    return new CodecContext(
        spec, shape, layers, 0x1122334455667788L, new BlockRope(frequencies(shape.headDim())));
  }

  /** Inverse frequencies of RoPE of the pairs of a head, base 10,000. */
  public static double[] frequencies(int headDim) {
    return IntStream.range(0, headDim / 2)
        .mapToDouble(pair -> Math.pow(10_000, -2.0 * pair / headDim))
        .toArray();
  }

  /** Normal noise around means by channel, in {@code (64, kvDim)}. */
  public static float[] rows(KvShape shape, long seed) {
    Random random = new Random(SEED + seed);
    float[] means = means(shape, 7);
    float[] rows = new float[BLOCK_TOKENS * shape.kvDim()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = means[i % means.length] + (float) random.nextGaussian();
    }
    return rows;
  }

  /** Per head a covariance of full rank: the identity and the square of a random direction. */
  static float[] importance(KvShape shape, int layer) {
    Random random = new Random(SEED + 31L * layer);
    float[] importance = LayerCalibration.evenImportance(shape);
    int at = 0;
    for (int head = 0; head < shape.kvHeads(); head++) {
      float[] direction = new float[shape.headDim()];
      for (int i = 0; i < direction.length; i++) {
        direction[i] = (float) random.nextGaussian();
        for (int j = 0; j <= i; j++) {
          importance[at++] += direction[i] * direction[j];
        }
      }
    }
    return importance;
  }

  private static float[] means(KvShape shape, int layer) {
    Random random = new Random(SEED - layer);
    float[] means = new float[shape.kvDim()];
    for (int channel = 0; channel < means.length; channel++) {
      means[channel] = (float) (0.5 * random.nextGaussian());
    }
    return means;
  }
}
