package io.rotatekv.model.tokenizer;

import java.util.OptionalInt;
import java.util.Set;

/**
 * The ids with a meaning of their own.
 *
 * @param bos what begins a text, where the model has one
 * @param eos what ends a text, where the model has one
 * @param endOfGeneration all ids after which a model has nothing more to say, {@code eos} included
 */
public record SpecialTokens(OptionalInt bos, OptionalInt eos, Set<Integer> endOfGeneration) {

  public SpecialTokens {
    endOfGeneration = Set.copyOf(endOfGeneration);
  }
}
