package io.rotatekv.store;

/** Where a set lies: a key means nothing outside of its tenant. */
record SetKey(String tenant, BlockKey key) {}
