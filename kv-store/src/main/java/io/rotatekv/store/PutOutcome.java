package io.rotatekv.store;

/**
 * What a commit changed.
 *
 * @param storedSets sets it made readable
 * @param storedBytes their payload bytes
 * @param duplicateSets sets that another put committed since this one began
 */
public record PutOutcome(int storedSets, long storedBytes, int duplicateSets) {}
