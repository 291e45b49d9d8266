package io.rotatekv.kernels.cuda;

/**
 * Consecutive blocks of one layer to be encoded, by addresses on the device; {@link
 * BlockEncoder#encode} says what lies there.
 */
record EncodeInput(long keys, long values, long maxima, int blocks, long targets) {}
