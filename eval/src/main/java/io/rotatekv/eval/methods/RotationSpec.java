package io.rotatekv.eval.methods;

/**
 * One recipe of transforming keys before they are quantized by token: the strategies that RotateKV
 * (arXiv 2501.16383) compares and the steps that it takes. Values are rotated by head wherever keys
 * are.
 *
 * @param bits bits of a code
 * @param group consecutive channels that share a scale; divides the channels of a token
 * @param preRope whether keys are quantized before RoPE
 * @param heads KV heads that one rotation mixes; 0 for no rotation
 * @param smooth whether channels are first divided by the square root of their calibrated largest
 *     magnitude
 * @param reorder whether and when channels are sorted by their calibrated mean
 * @param sinks whether tokens with massive activations stay in FP16
 * @param clip factor of a group's range
 * @param metadata what is stored for each group
 */
record RotationSpec(
    int bits,
    int group,
    boolean preRope,
    int heads,
    boolean smooth,
    Reorder reorder,
    boolean sinks,
    float clip,
    Metadata metadata) {

  /** When channels are sorted. */
  enum Reorder {
    NONE,
    /** Before the rotation, by the means of plain channels. */
    BEFORE,
    /** After the rotation, by the means of rotated channels: Algorithm 1. */
    AFTER
  }

  /** Round-to-nearest of keys after RoPE, as an LLM's cache has them. */
  static RotationSpec plain(int bits, int group) {
    return new RotationSpec(
        bits, group, false, 0, false, Reorder.NONE, false, 1f, Metadata.FP16_ZERO);
  }

  RotationSpec withPreRope() {
    return new RotationSpec(bits, group, true, heads, smooth, reorder, sinks, clip, metadata);
  }

  RotationSpec withHeads(int count) {
    return new RotationSpec(bits, group, preRope, count, smooth, reorder, sinks, clip, metadata);
  }

  RotationSpec withSmooth() {
    return new RotationSpec(bits, group, preRope, heads, true, reorder, sinks, clip, metadata);
  }

  RotationSpec withReorder(Reorder when) {
    return new RotationSpec(bits, group, preRope, heads, smooth, when, sinks, clip, metadata);
  }

  RotationSpec withSinks() {
    return new RotationSpec(bits, group, preRope, heads, smooth, reorder, true, clip, metadata);
  }

  RotationSpec withClip(float factor) {
    return new RotationSpec(bits, group, preRope, heads, smooth, reorder, sinks, factor, metadata);
  }

  RotationSpec withMetadata(Metadata kind) {
    return new RotationSpec(bits, group, preRope, heads, smooth, reorder, sinks, clip, kind);
  }

  /** Whether it takes a calibration sample. */
  boolean calibrated() {
    return smooth || reorder != Reorder.NONE;
  }
}
