package io.rotatekv.model.tokenizer;

import java.util.Set;

/** Names of control tokens that end generation even where metadata name another one as EOS. */
public final class EndOfGeneration {

  private static final Set<String> NAMES =
      Set.of(
          "</s>",
          "<|endoftext|>",
          "<|im_end|>",
          "<|end_of_text|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end|>");

  private EndOfGeneration() {}

  /** Whether a control token of that name ends generation in the LLaMA family. */
  public static boolean isName(String token) {
    return NAMES.contains(token);
  }
}
