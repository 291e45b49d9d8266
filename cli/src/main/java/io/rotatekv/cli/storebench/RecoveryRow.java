package io.rotatekv.cli.storebench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The start of a store on a full file whose process was killed while puts ran. The file's bytes are
 * in the page cache, as after a crash of the process and unlike after one of the machine.
 *
 * @param fileBytes size of the file
 * @param recoveredSets committed sets that are served again
 * @param discardedSets sets that were being put or evicted, and were removed
 * @param recoveryS seconds from the opening of the file until all of it was scanned
 * @param sPerGib the same per 2^30 bytes of the file
 */
public record RecoveryRow(
    String bench,
    long fileBytes,
    long recoveredSets,
    long discardedSets,
    double recoveryS,
    @JsonProperty("s_per_gib") double sPerGib) {}
