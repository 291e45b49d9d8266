package io.rotatekv.model.gguf;

import io.rotatekv.model.ModelException;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tokens of a GGUF file.
 *
 * @param tokens texts by id
 * @param types what each token is, by id: one of the constants here
 * @param bos what begins a text
 * @param eos what ends a text
 */
record GgufVocabulary(
    GgufMetadata metadata,
    List<String> tokens,
    List<Long> types,
    OptionalInt bos,
    OptionalInt eos) {

  static final long NORMAL = 1;
  static final long UNKNOWN = 2;
  static final long CONTROL = 3;
  static final long USER_DEFINED = 4;

  /**
   * Reads the tokens.
   *
   * @throws ModelException if they are missing or do not fit each other
   */
  static GgufVocabulary read(GgufMetadata metadata) {
    String key = "tokenizer.ggml.tokens";
    List<String> tokens = metadata.findList(key, String.class);
    if (tokens == null || tokens.isEmpty()) {
      throw metadata.invalid(key, "is missing: the file has no tokenizer");
    }
    String typesKey = "tokenizer.ggml.token_type";
    List<Long> types = metadata.findList(typesKey, Long.class);
    if (types == null) {
      types = Collections.nCopies(tokens.size(), NORMAL);
    }
    if (types.size() != tokens.size()) {
      throw metadata.invalid(
          typesKey, "has %d entries for %d tokens".formatted(types.size(), tokens.size()));
    }
    return new GgufVocabulary(
        metadata,
        tokens,
        types,
        id(metadata, "tokenizer.ggml.bos_token_id", tokens.size()),
        id(metadata, "tokenizer.ggml.eos_token_id", tokens.size()));
  }

  /** Whether the token has a meaning and no text. */
  boolean isControl(int id) {
    long type = types.get(id);
    return type == CONTROL || type == UNKNOWN;
  }

  /** The id under a metadata key, or none. */
  OptionalInt id(String key) {
    return id(metadata, key, tokens.size());
  }

  private static OptionalInt id(GgufMetadata metadata, String key, int size) {
    Long id = metadata.find(key, Long.class);
    if (id == null) {
      return OptionalInt.empty();
    }
    if (id < 0 || id >= size) {
      throw metadata.invalid(key, "is %d, of %d tokens".formatted(id, size));
    }
    return OptionalInt.of(id.intValue());
  }
}
