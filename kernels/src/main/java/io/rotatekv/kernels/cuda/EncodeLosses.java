package io.rotatekv.kernels.cuda;

/**
 * What encoding on the device lost in one layer; the counts are those of {@code EncodeStats}.
 *
 * @param narrowGroups groups too narrow for their distance from zero for an INT8 zero point
 * @param saturatedZeros zero points that did not fit INT8 all the same
 * @param saturatedScales scales above what calibration allows for
 * @param saturatedHalves FP16 elements of sinks beyond +-65504
 */
public record EncodeLosses(
    long narrowGroups, long saturatedZeros, long saturatedScales, long saturatedHalves) {}
