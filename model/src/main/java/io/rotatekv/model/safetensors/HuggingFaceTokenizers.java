package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.tokenizer.EndOfGeneration;
import io.rotatekv.model.tokenizer.SpecialTokens;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;

/** Reads {@code tokenizer.json}, and which ids are special from the files around it. */
final class HuggingFaceTokenizers {

  private HuggingFaceTokenizers() {}

  /**
   * The tokenizer of a folder.
   *
   * @param config the content of {@code config.json}
   */
  static Tokenizer read(Path folder, ObjectNode config) {
    Path file = folder.resolve("tokenizer.json");
    ObjectNode json = JsonFiles.require(file);
    ObjectNode generation = JsonFiles.find(folder.resolve("generation_config.json"));
    Set<Integer> ends = new HashSet<>();
    addIds(ends, config.path("eos_token_id"));
    addIds(ends, generation.path("eos_token_id"));
    for (JsonNode token : json.path("added_tokens")) {
      if (token.path("special").asBoolean()
          && EndOfGeneration.isName(token.path("content").asText())) {
        ends.add(token.path("id").asInt());
      }
    }
    return Tokenizer.of(
        json,
        file,
        new SpecialTokens(
            firstId(config.path("bos_token_id")), firstId(config.path("eos_token_id")), ends));
  }

  private static void addIds(Set<Integer> ids, JsonNode value) {
    if (value.isInt()) {
      ids.add(value.intValue());
    }
    value.forEach(id -> addIds(ids, id));
  }

  private static OptionalInt firstId(JsonNode value) {
    JsonNode first = value.isArray() ? value.path(0) : value;
    return first.isInt() ? OptionalInt.of(first.intValue()) : OptionalInt.empty();
  }
}
