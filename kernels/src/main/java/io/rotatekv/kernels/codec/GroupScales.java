package io.rotatekv.kernels.codec;

/**
 * Scales and zero points of one side (keys or values) of a block, in {@code (groups, 64)}: first
 * the bytes as they are stored, then what quantizing or dequantizing an element takes.
 */
public final class GroupScales {

  /** FP8 codes. */
  public final byte[] scaleCodes;

  /** INT8 zero points; all 0 where the codec has none. */
  public final byte[] zeroCodes;

  /** Encoding with {@link CodecFamily#SHAPED}: the scale, whose inverse is in {@link #factors}. */
  public final float[] steps;

  /** Encoding: one over the scale; decoding: what {@code code - offset} is multiplied by. */
  public final float[] factors;

  /** The code of the value 0, which need not be a whole number. */
  public final float[] offsets;

  /** Room for {@code groups} groups of 64 tokens. */
  public GroupScales(int groups) {
    int size = groups * BlockCodec.BLOCK_TOKENS;
    scaleCodes = new byte[size];
    zeroCodes = new byte[size];
    steps = new float[size];
    factors = new float[size];
    offsets = new float[size];
  }

  /**
   * Makes every element of one token's group take the same code: the token is a sink.
   *
   * @param code what is written in place of a sink's codes
   */
  public void skip(int index, int code) {
    scaleCodes[index] = 0;
    zeroCodes[index] = 0;
    steps[index] = 0;
    factors[index] = 0;
    offsets[index] = code;
  }
}
