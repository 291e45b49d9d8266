package io.rotatekv.kernels.codec;

/**
 * RotateKV's quantizer (arXiv 2501.16383, section 3, and the authors' code for the clip): {@code
 * scale = clip (max - min) / top}, {@code zero = -round(clip min / scale)} in INT8.
 *
 * <p>A group that is narrow for its distance from zero (a constant one above all) would need a zero
 * point beyond INT8 and come back as something far smaller. It takes a coarser scale instead, with
 * which the element farthest from zero is about {@link #NARROW_STEPS} steps away, and no clip: an
 * error of half a step, below half a percent.
 *
 * @param bits bits per code
 * @param clip what the range of a group is multiplied by
 */
record AsymmetricQuantizer(int bits, float clip) implements GroupQuantizer {

  private static final float MAX_ZERO = 127f;

  /** 127 less the 1/16 by which rounding to E4M3 may lower a scale. */
  private static final float NARROW_STEPS = 119f;

  @Override
  public int top() {
    return (1 << bits) - 1;
  }

  @Override
  public float largestScale(float range, float deviation) {
    return clip * range / top();
  }

  @Override
  public void fit(
      float min, float max, float multiplier, GroupScales to, int index, EncodeCounters counters) {
    float wanted = clip * (max - min) / top();
    float scale = GroupQuantizer.store(wanted, multiplier, to, index);
    float low = clip * min;
    if (Math.abs(low) > MAX_ZERO * scale) {
      counters.narrowGroups++;
      wanted = Math.max(Math.abs(min), Math.abs(max)) / NARROW_STEPS;
      scale = GroupQuantizer.store(wanted, multiplier, to, index);
      low = min;
    }
    counters.countScale(wanted, multiplier);
    float inverse = 1f / scale;
    float zero = -(float) Math.rint(low * inverse);
    if (Math.abs(zero) > MAX_ZERO) {
      counters.saturatedZeros++;
      zero = Math.clamp(zero, -MAX_ZERO, MAX_ZERO);
    }
    to.zeroCodes[index] = (byte) zero;
    to.factors[index] = inverse;
    to.offsets[index] = to.zeroCodes[index];
  }

  @Override
  public float offset(byte zeroCode) {
    return zeroCode;
  }
}
