package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.ErrorFeedback;
import io.rotatekv.kernels.codec.GroupScales;
import jdk.incubator.vector.FloatVector;

/** {@link ErrorFeedback} over a strip, one token per lane. */
final class StripFeedback {

  private StripFeedback() {}

  /**
   * Moves the elements of a strip to where feedback wants them.
   *
   * @param strip normalized and centred, {@code (kvDim, LANES)}
   * @param group channels of a quantization group
   * @param token the strip's first token
   */
  static void apply(
      ErrorFeedback feedback, float[] strip, int group, int token, int top, GroupScales scales) {
    int span = feedback.span();
    for (int s = 0; s < feedback.weights().length; s++) {
      for (int i = 0; i < span; i++) {
        int channel = s * span + i;
        int index = channel / group * BLOCK_TOKENS + token;
        FloatVector x = FloatVector.fromArray(FLOATS, strip, channel * LANES);
        FloatVector offset = FloatVector.fromArray(FLOATS, scales.offsets, index);
        FloatVector step = FloatVector.fromArray(FLOATS, scales.steps, index);
        FloatVector level = x.mul(FloatVector.fromArray(FLOATS, scales.factors, index)).add(offset);
        FloatVector stored = StripQuantizer.nearest(level, top).sub(offset).mul(step);
        FloatVector error = x.sub(stored).max(step.neg()).min(step);
        pass(error, feedback.weights()[s], i, span, strip, s * span);
      }
    }
  }

  private static void pass(
      FloatVector error, float[] weights, int i, int span, float[] strip, int from) {
    for (int j = i + 1; j < span; j++) {
      int at = (from + j) * LANES;
      FloatVector.fromArray(FLOATS, strip, at)
          .sub(error.mul(weights[i * span + j]))
          .intoArray(strip, at);
    }
  }
}
