package io.rotatekv.eval.methods;

/**
 * Asymmetric uniform quantization of groups: {@code q = clamp(round((x - min) / scale))}, {@code
 * scale = clip (max - min) / (2^bits - 1)}. Numbers are replaced by what they come back as; scales
 * are used as stored.
 *
 * @param bits bits of a code
 * @param clip what smallest and largest element of a group are multiplied by
 * @param metadata what is stored for each group
 */
record UniformQuantizer(int bits, float clip, Metadata metadata) {

  private static final float MAX_ZERO = 127f;

  /**
   * Quantizes token by token, in groups of consecutive channels.
   *
   * @param x {@code (tokens, width)}
   * @param from first token
   * @param to end of the tokens
   * @return bits stored
   */
  long perToken(float[] x, int width, int from, int to, int group) {
    for (int token = from; token < to; token++) {
      for (int channel = 0; channel < width; channel += group) {
        quantize(x, token * width + channel, Math.min(group, width - channel), 1);
      }
    }
    long groups = (long) (to - from) * Math.ceilDiv(width, group);
    return (long) (to - from) * width * bits + groups * metadata.bits();
  }

  /** The same channel by channel, in groups of consecutive tokens; the last may be shorter. */
  long perChannel(float[] x, int width, int from, int to, int group) {
    for (int token = from; token < to; token += group) {
      for (int channel = 0; channel < width; channel++) {
        quantize(x, token * width + channel, Math.min(group, to - token), width);
      }
    }
    long groups = (long) width * Math.ceilDiv(to - from, group);
    return (long) (to - from) * width * bits + groups * metadata.bits();
  }

  /** Quantizes one group of {@code count} numbers, {@code stride} apart, in place. */
  void quantize(float[] x, int offset, int count, int stride) {
    float min = Float.POSITIVE_INFINITY;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0, at = offset; i < count; i++, at += stride) {
      min = Math.min(min, x[at]);
      max = Math.max(max, x[at]);
    }
    float top = (1 << bits) - 1;
    float low = clip * min;
    float scale = stored(clip * (max - min) / top);
    if (metadata == Metadata.FP8_INT8 && Math.abs(low) > MAX_ZERO * scale) {
      // The zero point would not fit: a coarser scale, as FORMAT.md has it.
      scale = stored(Math.max(Math.abs(min), Math.abs(max)) / 119f);
      low = min;
    }
    if (scale == 0) {
      fill(x, offset, count, stride, half(min));
      return;
    }
    float inverse = 1 / scale;
    float base = metadata == Metadata.FP16_MINIMUM ? half(low) : 0;
    float zero = metadata == Metadata.FP16_MINIMUM ? 0 : -(float) Math.rint(low * inverse);
    for (int i = 0, at = offset; i < count; i++, at += stride) {
      float code = Math.clamp((float) Math.rint((x[at] - base) * inverse) + zero, 0f, top);
      x[at] = (code - zero) * scale + base;
    }
  }

  private static void fill(float[] x, int offset, int count, int stride, float value) {
    for (int i = 0; i < count; i++) {
      x[offset + i * stride] = value;
    }
  }

  private static float half(float x) {
    return Float.float16ToFloat(Float.floatToFloat16(x));
  }

  private float stored(float scale) {
    return metadata == Metadata.FP8_INT8 ? roundToThreeBits(scale) : half(scale);
  }

  /**
   * The mantissa of E4M3. Its range is left out: a power of two that is calibrated for each layer
   * brings scales into it.
   */
  private static float roundToThreeBits(float x) {
    int bits = Float.floatToRawIntBits(x);
    int odd = (bits >> 20) & 1;
    return Float.intBitsToFloat((bits + (1 << 19) - 1 + odd) & -(1 << 20));
  }
}
