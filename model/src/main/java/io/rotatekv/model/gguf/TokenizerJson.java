package io.rotatekv.model.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalInt;

/** The parts of a {@code tokenizer.json} that both kinds of tokenizer share. */
final class TokenizerJson {

  private TokenizerJson() {}

  /** An object with a type. */
  static ObjectNode typed(String type) {
    return JsonNodeFactory.instance.objectNode().put("type", type);
  }

  /** The stage that writes bytes as characters and back, and does nothing else. */
  static ObjectNode byteLevel() {
    return typed("ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
  }

  /** A BPE model with the vocabulary and no merges, in a file without the other stages. */
  static ObjectNode bytePair(GgufVocabulary vocabulary) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("version", "1.0");
    ArrayNode added = json.putArray("added_tokens");
    ObjectNode model = typed("BPE");
    ObjectNode ids = model.putObject("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      String token = vocabulary.tokens().get(id);
      ids.put(token, id);
      boolean control = vocabulary.isControl(id);
      if (control || vocabulary.types().get(id) == GgufVocabulary.USER_DEFINED) {
        added.add(addedToken(id, token, control));
      }
    }
    model.putArray("merges");
    json.set("model", model);
    return json;
  }

  /** Puts BOS before and EOS after a text, where the metadata or the defaults ask for them. */
  static void addPostProcessor(
      ObjectNode json, GgufVocabulary vocabulary, boolean bosByDefault, boolean eosByDefault) {
    GgufMetadata metadata = vocabulary.metadata();
    OptionalInt bos =
        metadata.findBoolean("tokenizer.ggml.add_bos_token", bosByDefault)
            ? vocabulary.bos()
            : OptionalInt.empty();
    OptionalInt eos =
        metadata.findBoolean("tokenizer.ggml.add_eos_token", eosByDefault)
            ? vocabulary.eos()
            : OptionalInt.empty();
    if (bos.isEmpty() && eos.isEmpty()) {
      return;
    }
    ObjectNode processor = typed("TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ArrayNode pair = processor.putArray("pair");
    ObjectNode tokens = processor.putObject("special_tokens");
    bos.ifPresent(id -> addSpecial(single, tokens, vocabulary, id));
    single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    eos.ifPresent(id -> addSpecial(single, tokens, vocabulary, id));
    pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
    pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
    json.set("post_processor", processor);
  }

  private static void addSpecial(
      ArrayNode template, ObjectNode tokens, GgufVocabulary vocabulary, int id) {
    String token = vocabulary.tokens().get(id);
    template.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
    ObjectNode entry = tokens.putObject(token).put("id", token);
    entry.putArray("ids").add(id);
    entry.putArray("tokens").add(token);
  }

  private static ObjectNode addedToken(int id, String content, boolean special) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special);
  }
}
