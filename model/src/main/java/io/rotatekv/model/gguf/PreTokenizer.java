package io.rotatekv.model.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;

/**
 * How a byte-level BPE tokenizer splits text into words, by the names of {@code
 * tokenizer.ggml.pre}.
 */
enum PreTokenizer {
  GPT2(false, Patterns.GPT2),
  DIGITS(true, Patterns.GPT2),
  LLAMA3(false, Patterns.CONTRACTION + Patterns.WORD + "\\p{N}{1,3}|" + Patterns.REST),
  QWEN2(false, Patterns.CONTRACTION + Patterns.WORD + "\\p{N}|" + Patterns.REST),
  TEKKEN(
      false,
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
          + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
          + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
          + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
          + "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private final boolean singleDigits;
  private final String words;

  PreTokenizer(boolean singleDigits, String words) {
    this.singleDigits = singleDigits;
    this.words = words;
  }

  /**
   * The splitter that the metadata name.
   *
   * @throws ModelException if the name is unknown: a guess would give wrong tokens silently
   */
  static PreTokenizer of(GgufMetadata metadata) {
    String key = "tokenizer.ggml.pre";
    String name = metadata.require(key, String.class);
    return switch (name) {
      case "gpt-2", "mpt", "olmo" -> GPT2;
      case "smollm", "starcoder", "refact", "command-r", "codeshell" -> DIGITS;
      case "llama-bpe", "llama3", "llama-v3", "smaug-bpe" -> LLAMA3;
      case "qwen2", "deepseek-r1-qwen" -> QWEN2;
      case "tekken" -> TEKKEN;
      default ->
          throw metadata.invalid(
              key,
              "is %s, whose word splitting is unknown; use the model's Hugging Face folder"
                  .formatted(name));
    };
  }

  /** Whether a word that is a token as a whole is taken before any merge. */
  boolean wholeWordsFirst() {
    return this == LLAMA3 || this == TEKKEN;
  }

  /** Whether text is brought to Unicode's composed form first. */
  boolean normalizesToNfc() {
    return this == QWEN2;
  }

  /** The {@code pre_tokenizer} entry. */
  ObjectNode toJson() {
    ObjectNode sequence = TokenizerJson.typed("Sequence");
    ArrayNode stages = sequence.putArray("pretokenizers");
    if (singleDigits) {
      stages.add(TokenizerJson.typed("Digits").put("individual_digits", true));
    }
    ObjectNode split = TokenizerJson.typed("Split");
    split.putObject("pattern").put("Regex", words);
    stages.add(split.put("behavior", "Isolated").put("invert", false));
    stages.add(TokenizerJson.byteLevel());
    return sequence;
  }

  /** What the expressions have in common. */
  private static final class Patterns {

    private static final String GPT2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|";
    private static final String WORD = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String REST =
        " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }
}
