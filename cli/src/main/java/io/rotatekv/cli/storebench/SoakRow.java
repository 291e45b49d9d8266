package io.rotatekv.cli.storebench;

/**
 * The resident set of a store that is full and evicts.
 *
 * @param seconds how long it ran, of which the first third warms up
 * @param configuredBytes its capacity, its bound on buffers, and the heap it was given
 * @param warmRssBytes the largest resident set in the second third
 * @param endRssBytes the largest in the last third
 * @param growth {@code endRssBytes / warmRssBytes - 1}
 * @param share {@code endRssBytes / configuredBytes}
 * @param evictedSets sets that made room for others
 * @param movedGb 10^9 bytes put
 */
public record SoakRow(
    String bench,
    double seconds,
    long configuredBytes,
    long warmRssBytes,
    long endRssBytes,
    double growth,
    double share,
    long evictedSets,
    double movedGb) {}
