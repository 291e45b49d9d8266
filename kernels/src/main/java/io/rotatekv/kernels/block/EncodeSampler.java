package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.SampledError;
import java.lang.foreign.MemorySegment;

/** Decodes blocks that were just encoded, to see what became of them. For one thread. */
public final class EncodeSampler {

  /**
   * Of so many blocks of a layer one is sampled, the first included. Decoding and comparing take
   * about as long as the fastest encoder, so this keeps them below 1 % of it.
   */
  public static final int EVERY = 128;

  private final BlockCodec codec;
  private float[] decoded = {}; // (64, kvDim), once a block was sampled

  /** A sampler of the blocks that {@code codec} can decode. */
  public EncodeSampler(BlockCodec codec) {
    this.codec = codec;
  }

  /**
   * What one block lost.
   *
   * @param keys the keys that were encoded, {@code (64, kvDim)}
   * @param values the values that were encoded, {@code (64, kvDim)}
   * @param sinks bit t set: token t is in FP16, and left out
   * @param block what became of them
   */
  public SampledError error(
      int layer, float[] keys, float[] values, long sinks, MemorySegment block) {
    int width = codec.shape().kvDim();
    if (decoded.length == 0) {
      decoded = new float[BLOCK_TOKENS * width];
    }
    codec.decodeKeys(block, decoded);
    double keyError = difference(keys, sinks, width, 1, BLOCK_TOKENS);
    codec.decodeValues(block, decoded);
    codec.unrotate(layer, decoded, 0, BLOCK_TOKENS * codec.shape().kvHeads());
    double valueError = difference(values, sinks, width, width, 1);
    return new SampledError(
        1, keyError, energy(keys, sinks, width), valueError, energy(values, sinks, width));
  }

  private double difference(
      float[] exact, long sinks, int width, int tokenStride, int channelStride) {
    double sum = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      if (isSink(sinks, token)) {
        continue;
      }
      for (int channel = 0; channel < width; channel++) {
        float found = decoded[token * tokenStride + channel * channelStride];
        double difference = (double) found - exact[token * width + channel];
        sum += difference * difference;
      }
    }
    return sum;
  }

  private static double energy(float[] exact, long sinks, int width) {
    double sum = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      if (isSink(sinks, token)) {
        continue;
      }
      for (int i = token * width; i < (token + 1) * width; i++) {
        sum += (double) exact[i] * exact[i];
      }
    }
    return sum;
  }

  private static boolean isSink(long sinks, int token) {
    return (sinks >>> token & 1) != 0;
  }
}
