package io.rotatekv.model.engine;

/** What a step is to return. */
public sealed interface Output {

  /** Nothing: the step only fills the cache. */
  record None() implements Output {}

  /** The token that follows the step's last one. */
  record Sample(Sampling sampling) implements Output {}

  /** The logits after every token of the step. */
  record Logits(LogitsConsumer consumer) implements Output {}

  /** Receives logits, position by position. */
  @FunctionalInterface
  interface LogitsConsumer {

    /**
     * Takes the logits after one token; the array is reused afterwards.
     *
     * @param index the token's index within the step
     * @param logits {@code (vocabulary)} from {@code offset} on
     */
    void accept(int index, float[] logits, int offset);
  }

  Output NONE = new None();
}
