package io.rotatekv.model.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.tokenizer.EndOfGeneration;
import io.rotatekv.model.tokenizer.SpecialTokens;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.Set;

/** Makes the tokenizer that a GGUF file's metadata describe. */
final class GgufTokenizer {

  private GgufTokenizer() {}

  /**
   * The tokenizer of a GGUF file.
   *
   * @throws ModelException if the metadata are damaged or describe an unknown tokenizer
   */
  static Tokenizer read(GgufVocabulary vocabulary) {
    GgufMetadata metadata = vocabulary.metadata();
    String key = "tokenizer.ggml.model";
    String kind = metadata.require(key, String.class);
    ObjectNode json =
        switch (kind) {
          case "gpt2" -> BytePairJson.write(vocabulary);
          case "llama" -> SentencePieceJson.write(vocabulary);
          default ->
              throw new ModelException(
                  "%s: tokenizer %s is not supported; use a model with byte-level BPE (gpt2) or"
                          .formatted(metadata.path(), kind)
                      + " SentencePiece (llama)");
        };
    SpecialTokens special =
        new SpecialTokens(vocabulary.bos(), vocabulary.eos(), endOfGeneration(vocabulary));
    return Tokenizer.of(json, metadata.path(), special);
  }

  private static Set<Integer> endOfGeneration(GgufVocabulary vocabulary) {
    Set<Integer> ids = new HashSet<>();
    vocabulary.eos().ifPresent(ids::add);
    vocabulary.id("tokenizer.ggml.eot_token_id").ifPresent(ids::add);
    vocabulary.id("tokenizer.ggml.eom_token_id").ifPresent(ids::add);
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      if (vocabulary.isControl(id) && EndOfGeneration.isName(vocabulary.tokens().get(id))) {
        ids.add(id);
      }
    }
    return ids;
  }
}
