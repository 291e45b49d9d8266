package io.rotatekv.store;

import io.rotatekv.v1.MissReason;

/**
 * How much of a chain can be read.
 *
 * @param present keys, from the first on
 * @param firstMiss why the next cannot; unspecified where all can
 */
public record PrefixMatch(int present, MissReason firstMiss) {}
