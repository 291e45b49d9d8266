package io.rotatekv.kernels.codec;

/** The counts behind {@link EncodeStats}, for one codec instance and so for one thread. */
public final class EncodeCounters {

  long blocks;
  long codes;
  long clippedCodes;
  long groups;
  long narrowGroups;
  long saturatedZeros;
  long saturatedScales;
  long saturatedHalves;

  /** Counts one block of {@code codes} quantized elements in {@code groups} groups. */
  public void addBlock(long codes, long groups) {
    this.blocks++;
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

  /** The counts so far. */
  public EncodeStats snapshot() {
    return new EncodeStats(
        blocks,
        codes,
        clippedCodes,
        groups,
        narrowGroups,
        saturatedZeros,
        saturatedScales,
        saturatedHalves);
  }
}
