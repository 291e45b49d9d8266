package io.rotatekv.store;

/**
 * One committed set of a listing. Times are in milliseconds.
 *
 * @param namespace who may read it
 * @param set its key, its parent, its place in the chain and its tokens
 * @param layers blocks it has
 * @param payloadBytes bytes of its blocks
 * @param storedBytes bytes it takes in the store, with slack
 * @param age since it was committed
 * @param idle since it was last put or read
 * @param lease what is left of its lease; 0 for none
 * @param pin what is left of its longest pin; 0 for none
 * @param children committed sets that follow it directly
 */
public record SetEntry(
    BlockNamespace namespace,
    SetSpec set,
    int layers,
    long payloadBytes,
    long storedBytes,
    long age,
    long idle,
    long lease,
    long pin,
    int children) {}
