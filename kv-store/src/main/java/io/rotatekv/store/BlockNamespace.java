package io.rotatekv.store;

/**
 * Who may read a set.
 *
 * @param model the model's fingerprint in hexadecimal
 * @param codec the codec's fingerprint in hexadecimal
 * @param tenant empty for the only tenant
 */
public record BlockNamespace(String model, String codec, String tenant) {}
