package io.rotatekv.proto;

/**
 * What a committed put changed.
 *
 * @param storedSets block sets it added
 * @param storedBytes their payload bytes
 * @param duplicateSets sets that another producer committed first
 * @param blocksSent blocks that travelled, one layer each
 */
public record PutResult(int storedSets, long storedBytes, int duplicateSets, long blocksSent) {}
