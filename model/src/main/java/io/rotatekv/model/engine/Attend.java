package io.rotatekv.model.engine;

import java.util.Locale;

/**
 * Which keys and values a token attends to while they are still at hand in full precision. It
 * decides the hidden states of later layers, hence the bytes of blocks: it is part of the codec's
 * fingerprint.
 */
public enum Attend {
  /**
   * A token's own block in FP16, all earlier blocks as they are stored. A block's bytes then depend
   * on nothing but the tokens up to its end: neither on how a prompt is cut into chunks, nor on
   * which prefix was cached, nor on which node computed it.
   */
  BLOCK,
  /**
   * All tokens of the prompt that this node computes in FP16, cached prefixes as they are stored.
   * Closest to an FP16 cache for prompts, but two requests with the same prompt may store bytes
   * that differ by rounding.
   */
  FULL,
  /** Everything as it is stored, the token itself included: the setting of the paper's tables. */
  QUANTIZED;

  /**
   * Reads the name as it stands in a configuration.
   *
   * @throws IllegalArgumentException naming the modes there are
   */
  public static Attend parse(String name) {
    for (Attend attend : values()) {
      if (attend.label().equals(name)) {
        return attend;
      }
    }
    throw new IllegalArgumentException(
        "unknown attention mode '%s'; known are block, full, quantized".formatted(name));
  }

  /** The name as it stands in a configuration. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
