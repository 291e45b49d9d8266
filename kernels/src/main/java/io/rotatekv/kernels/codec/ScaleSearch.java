package io.rotatekv.kernels.codec;

/**
 * Chooses a group's codes and scale in two steps.
 *
 * <p>Codes: of the smallest scale that reaches the farthest element and the {@link #CANDIDATES} - 1
 * stored scales below it, an octave in all, the one whose levels lose least; the larger of two that
 * lose equally.
 *
 * <p>Scale: what is least in error is also too small, since every element is drawn towards the
 * middle of those that share its code; scores of shrunken keys are flatter than the model's, which
 * costs more than the error saved. So the scale that is stored is the one with which the group
 * keeps its length along itself: {@code sum(x x') = sum(x x)}.
 *
 * <pre>
 * level = x * (1 / s) + offset,  code = clamp(rint(level), 0, top)
 * error = sum((level - code)^2) * s^2                       least over the candidates s
 * scale = sum(x x) / sum(x (code - offset))                 stored to the nearest
 * </pre>
 *
 * <p>All in FP32, sums in the order of channels. Where the quotient is no positive number, the
 * scale is s.
 */
public final class ScaleSearch {

  /** Scales tried. E4M3 has eight per octave; normal data takes 0.7 to 1 of the largest. */
  public static final int CANDIDATES = 8;

  private ScaleSearch() {}

  /**
   * Replaces a fitted scale.
   *
   * @param x the group's elements, {@code count} from {@code from} on
   * @param scales fitted at {@code index}; gets {@code 1 / s} as factor, the scale as step
   */
  public static void refine(
      float[] x, int from, int count, int top, float multiplier, GroupScales scales, int index) {
    int first = Byte.toUnsignedInt(scales.scaleCodes[index]);
    float offset = scales.offsets[index];
    int best = first;
    float least = Float.POSITIVE_INFINITY;
    for (int code = first; code > first - CANDIDATES && code >= E4m3.MIN_CODE; code--) {
      float scale = E4m3.decode(code) * multiplier;
      float error = error(x, from, count, 1f / scale, offset, top) * (scale * scale);
      if (error < least) {
        least = error;
        best = code;
      }
    }
    float inverse = 1f / (E4m3.decode(best) * multiplier);
    float wanted = unshrunk(x, from, count, inverse, offset, top);
    int code =
        wanted > 0 && wanted < Float.POSITIVE_INFINITY ? E4m3.encode(wanted / multiplier) : best;
    scales.scaleCodes[index] = (byte) code;
    scales.steps[index] = E4m3.decode(code) * multiplier;
    scales.factors[index] = inverse;
  }

  private static float error(
      float[] x, int from, int count, float inverse, float offset, float top) {
    float error = 0;
    for (int i = from; i < from + count; i++) {
      float level = x[i] * inverse + offset;
      float distance = level - code(level, top);
      error += distance * distance;
    }
    return error;
  }

  private static float unshrunk(
      float[] x, int from, int count, float inverse, float offset, float top) {
    float length = 0;
    float kept = 0;
    for (int i = from; i < from + count; i++) {
      length += x[i] * x[i];
      kept += x[i] * (code(x[i] * inverse + offset, top) - offset);
    }
    return length / kept;
  }

  private static float code(float level, float top) {
    return Math.clamp((float) Math.rint(level), 0f, top);
  }
}
