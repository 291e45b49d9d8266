package io.rotatekv.kernels.codec;

/**
 * Lets every channel's rounding error be made up for by the channels after it, as GPTQ (Frantar et
 * al. 2023, algorithm 1) does with the columns of a weight matrix: what counts is not the error of
 * a key but that of its products with queries, and these weigh directions very differently.
 *
 * <p>Channels are taken in ascending order within spans, each after what those before it have left
 * to it, in FP32:
 *
 * <pre>
 * error_i = clamp(y_i - (code_i - offset_i) * scale_i, -scale_i, scale_i)
 * y_j    -= error_i * weight_ij                        for all j > i of the span
 * </pre>
 *
 * <p>The bound of one step keeps an element beyond all levels from pushing the others after it.
 *
 * @param span channels that share their errors
 * @param weights per span {@code (span, span)}, of which the upper triangle counts
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by kernels, never compared.
public record ErrorFeedback(int span, float[][] weights) {

  /**
   * Moves elements to where rounding each to its nearest code gives what feedback asks for.
   *
   * @param x {@code (kvDim)}, one token of one side, rotated; changed in place
   * @param group channels of a quantization group
   * @param scales fitted scales of {@code (groups, 64)}
   */
  public void apply(float[] x, int group, int token, int top, GroupScales scales) {
    for (int s = 0; s < weights.length; s++) {
      for (int i = 0; i < span; i++) {
        int channel = s * span + i;
        int index = channel / group * BlockCodec.BLOCK_TOKENS + token;
        float level = x[channel] * scales.factors[index] + scales.offsets[index];
        float code = Math.clamp((float) Math.rint(level), 0f, (float) top);
        float step = scales.steps[index];
        float error = Math.clamp(x[channel] - (code - scales.offsets[index]) * step, -step, step);
        pass(error, weights[s], i, x, s * span);
      }
    }
  }

  private void pass(float error, float[] weight, int i, float[] x, int from) {
    for (int j = i + 1; j < span; j++) {
      x[from + j] -= error * weight[i * span + j];
    }
  }
}
