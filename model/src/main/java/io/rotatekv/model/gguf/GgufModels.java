package io.rotatekv.model.gguf;

import io.rotatekv.model.Model;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.chat.ChatTemplate;
import io.rotatekv.model.tokenizer.Tokenizer;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.WeightAssembler;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Opens models from GGUF files. */
public final class GgufModels {

  private GgufModels() {}

  /**
   * Maps a GGUF file and makes a model of it.
   *
   * @param arena holds the weights; closed with the model, or by the caller where this throws
   * @throws ModelException if the file is missing, damaged or not supported
   */
  public static Model open(Path path, Arena arena) {
    GgufFile file = GgufFile.parse(MappedFile.open(path, arena));
    ModelConfig config = GgufConfig.read(file);
    var weights = WeightAssembler.fromGguf(file, config, arena);
    GgufVocabulary vocabulary = GgufVocabulary.read(file.metadata());
    ChatTemplate template =
        ChatTemplate.of(
            file.metadata().find("tokenizer.chat_template", String.class),
            text(vocabulary, vocabulary.bos()),
            text(vocabulary, vocabulary.eos()),
            path);
    Tokenizer tokenizer = GgufTokenizer.read(vocabulary);
    return new Model(config, weights, tokenizer, template, file.fingerprint(), arena);
  }

  private static String text(GgufVocabulary vocabulary, OptionalInt id) {
    return id.isPresent() ? vocabulary.tokens().get(id.getAsInt()) : "";
  }
}
