package io.rotatekv.model.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;
import java.util.List;

/** Byte-level BPE ({@code tokenizer.ggml.model} is {@code gpt2}) as {@code tokenizer.json}. */
final class BytePairJson {

  private BytePairJson() {}

  /**
   * The tokenizer's file.
   *
   * @throws ModelException if merges are missing or the way to split words is unknown
   */
  static ObjectNode write(GgufVocabulary vocabulary) {
    GgufMetadata metadata = vocabulary.metadata();
    PreTokenizer splitter = PreTokenizer.of(metadata);
    ObjectNode json = TokenizerJson.bytePair(vocabulary);
    if (splitter.normalizesToNfc()) {
      json.set("normalizer", TokenizerJson.typed("NFC"));
    }
    json.set("pre_tokenizer", splitter.toJson());
    json.set("decoder", TokenizerJson.byteLevel());
    ObjectNode model = json.withObjectProperty("model");
    model.put("ignore_merges", splitter.wholeWordsFirst());
    addMerges(metadata, model.withArrayProperty("merges"));
    TokenizerJson.addPostProcessor(json, vocabulary, splitter.wholeWordsFirst(), false);
    return json;
  }

  private static void addMerges(GgufMetadata metadata, ArrayNode array) {
    String key = "tokenizer.ggml.merges";
    List<String> merges = metadata.findList(key, String.class);
    if (merges == null) {
      throw metadata.invalid(key, "is missing");
    }
    for (String merge : merges) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw metadata.invalid(key, "has an entry that is not a pair: " + merge);
      }
      array.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
    }
  }
}
