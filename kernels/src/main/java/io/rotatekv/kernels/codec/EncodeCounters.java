package io.rotatekv.kernels.codec;

/** The counts behind {@link EncodeStats}, for one layer of one codec instance. */
public final class EncodeCounters {

  long blocks;
  long sinks;
  long codes;
  long clippedCodes;
  long groups;
  long narrowGroups;
  long saturatedZeros;
  long saturatedScales;
  long saturatedHalves;
  private SampledError sampled = SampledError.NONE;

  /** Counts one block of {@code codes} quantized elements in {@code groups} groups. */
  public void addBlock(int sinks, long codes, long groups) {
    this.blocks++;
    this.sinks += sinks;
    this.codes += codes;
    this.groups += groups;
  }

  /** Counts elements more than half a step outside their group's levels. */
  public void addClippedCodes(long count) {
    clippedCodes += count;
  }

  /** Counts finite numbers that FP16 cannot hold. */
  public void addSaturatedHalves(long count) {
    saturatedHalves += count;
  }

  /** Blocks counted so far. */
  public long blocks() {
    return blocks;
  }

  /** Adds what one block more has lost. */
  public void addSample(SampledError error) {
    sampled = sampled.plus(error);
  }

  /** Counts a scale that calibration left no room for. */
  void countScale(float scale, float multiplier) {
    if (scale / multiplier > E4m3.MAX) {
      saturatedScales++;
    }
  }

  /** The counts so far. */
  public EncodeStats snapshot() {
    return new EncodeStats(
        blocks,
        sinks,
        codes,
        clippedCodes,
        groups,
        narrowGroups,
        saturatedZeros,
        saturatedScales,
        saturatedHalves,
        sampled);
  }
}
