package io.rotatekv.model.engine;

/**
 * One sequence's share of a batch.
 *
 * @param sequence the sequence that grows
 * @param tokens the tokens to append, at least one
 * @param output what to return
 */
public record Step(Sequence sequence, int[] tokens, Output output) {

  public Step {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a step needs at least one token");
    }
  }
}
