package io.rotatekv.kernels.codec;

/**
 * How the elements {@code x} of one group of one token become codes:
 *
 * <pre>
 * code = clamp(rint(x * (1 / scale) + offset), 0, top)     half to even, all in FP32
 * x'   = (code - offset) * scale
 * </pre>
 *
 * Implementations choose scale and offset from the smallest and the largest element. The scale is
 * rounded to its stored form first and used as stored. Backends may fit the usual groups faster and
 * leave to this the rare ones that are counted.
 */
public sealed interface GroupQuantizer permits AsymmetricQuantizer, SymmetricQuantizer {

  /** The largest code. */
  int top();

  /** The largest scale that a group of the given calibrated spread takes, before rounding. */
  float largestScale(float range, float deviation);

  /**
   * Fits one group.
   *
   * @param min smallest element
   * @param max largest element
   * @param multiplier what the FP8 scale is multiplied by, a power of two
   * @param to gets both stored and working forms at {@code index}
   */
  void fit(
      float min, float max, float multiplier, GroupScales to, int index, EncodeCounters counters);

  /** The offset that a stored zero point means. */
  float offset(byte zeroCode);

  /** The quantizer of a codec that quantizes. */
  static GroupQuantizer of(CodecSpec spec) {
    return switch (spec.family()) {
      case FP16 -> throw new IllegalArgumentException("codec fp16 does not quantize");
      case ROTATEKV -> new AsymmetricQuantizer(spec.bits(), spec.clip());
      case CENTRED, SHAPED -> new SymmetricQuantizer(spec.bits(), spec.clip());
    };
  }

  /** Stores the scale nearest to {@code scale} and returns it as stored. */
  static float store(float scale, float multiplier, GroupScales to, int index) {
    int code = E4m3.encode(scale / multiplier);
    to.scaleCodes[index] = (byte) code;
    return E4m3.decode(code) * multiplier;
  }
}
