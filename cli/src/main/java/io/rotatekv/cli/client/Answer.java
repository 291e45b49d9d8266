package io.rotatekv.cli.client;

import io.rotatekv.v1.GenerateSummary;

/**
 * A finished generation.
 *
 * @param text all of the generated text
 * @param summary the decode node's figures
 */
public record Answer(String text, GenerateSummary summary) {

  /** Tokens per second after the first token, whose time is {@code ttft_ms}; 0 for one token. */
  public double decodeTokensPerSecond() {
    int following = summary.getGeneratedTokens() - 1;
    return following <= 0 || summary.getDecodeMs() <= 0
        ? 0
        : following * 1000.0 / summary.getDecodeMs();
  }

  /** Bits per stored element of keys and values, scales and sinks included; 0 if none is stored. */
  public double averageBits() {
    return summary.getFp16KvBytes() == 0
        ? 0
        : 16.0 * summary.getKvBytes() / summary.getFp16KvBytes();
  }
}
