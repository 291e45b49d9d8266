package io.rotatekv.decode;

import io.rotatekv.model.engine.Sampling;
import java.util.List;

/**
 * A request, checked and tokenized.
 *
 * @param tokens the whole prompt, at least one
 * @param maxTokens the most tokens to generate
 * @param stop texts that end the answer
 * @param tenant whose cache is used
 */
record Prompt(int[] tokens, int maxTokens, Sampling sampling, List<String> stop, String tenant) {}
