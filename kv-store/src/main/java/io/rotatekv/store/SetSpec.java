package io.rotatekv.store;

/**
 * One block set of a put.
 *
 * @param key its address
 * @param parent the key before it in the chain
 * @param chainIndex its place in the chain, from 0
 * @param tokens tokens it holds
 */
public record SetSpec(BlockKey key, BlockKey parent, int chainIndex, int tokens) {}
