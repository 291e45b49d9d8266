package io.rotatekv.proto;

import io.rotatekv.v1.MissReason;

/**
 * How much of a chain of keys the store holds.
 *
 * @param present keys that can be read, from the first on
 * @param firstMiss why the next cannot; unspecified where all can
 */
public record PrefixLookup(int present, MissReason firstMiss) {}
