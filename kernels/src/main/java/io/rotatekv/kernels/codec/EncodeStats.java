package io.rotatekv.kernels.codec;

/**
 * What a codec instance lost while encoding, since it was made, in one layer or in all.
 *
 * @param blocks blocks encoded
 * @param sinks tokens kept in FP16
 * @param codes quantized elements, sinks not counted
 * @param clippedCodes elements more than half a step outside their group's levels
 * @param groups quantization groups, sinks not counted
 * @param narrowGroups groups (of {@link CodecFamily#ROTATEKV}) so narrow for their distance from
 *     zero that the zero point would not have fitted INT8, encoded with a coarser scale
 * @param saturatedZeros zero points that still did not fit INT8
 * @param saturatedScales scales above what calibration allows for, stored as the largest there is
 * @param saturatedHalves FP16 elements (of sinks, or of {@link CodecFamily#FP16}) beyond +-65504
 * @param sampled the error of some of the blocks
 */
public record EncodeStats(
    long blocks,
    long sinks,
    long codes,
    long clippedCodes,
    long groups,
    long narrowGroups,
    long saturatedZeros,
    long saturatedScales,
    long saturatedHalves,
    SampledError sampled) {

  /** Of a codec that has not encoded anything. */
  public static final EncodeStats NONE =
      new EncodeStats(0, 0, 0, 0, 0, 0, 0, 0, 0, SampledError.NONE);

  /** Both together. */
  public EncodeStats plus(EncodeStats other) {
    return new EncodeStats(
        blocks + other.blocks,
        sinks + other.sinks,
        codes + other.codes,
        clippedCodes + other.clippedCodes,
        groups + other.groups,
        narrowGroups + other.narrowGroups,
        saturatedZeros + other.saturatedZeros,
        saturatedScales + other.saturatedScales,
        saturatedHalves + other.saturatedHalves,
        sampled.plus(other.sampled));
  }
}
