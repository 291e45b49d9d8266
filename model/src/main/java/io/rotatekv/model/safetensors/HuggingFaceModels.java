package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.Model;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.chat.ChatTemplate;
import io.rotatekv.model.tokenizer.Tokenizer;
import io.rotatekv.model.weights.Fingerprint;
import io.rotatekv.model.weights.WeightAssembler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Opens models from Hugging Face folders. */
public final class HuggingFaceModels {

  private HuggingFaceModels() {}

  /**
   * Maps the safetensors of a folder and makes a model of them.
   *
   * @param arena holds the weights; closed with the model, or by the caller where this throws
   * @throws ModelException if a file is missing, damaged or not supported
   */
  public static Model open(Path folder, Arena arena) {
    ObjectNode json = JsonFiles.require(folder.resolve("config.json"));
    ModelConfig config = HuggingFaceConfig.read(folder, json);
    SafetensorsFolder tensors = SafetensorsFolder.open(folder, arena);
    boolean tied = json.path("tie_word_embeddings").asBoolean(false);
    ModelWeights weights = WeightAssembler.fromHuggingFace(tensors, config, tied, arena);
    Fingerprint fingerprint = new Fingerprint().add("hugging face").add(json.toString());
    tensors.addTo(fingerprint);
    ChatTemplate template = template(folder);
    Tokenizer tokenizer = HuggingFaceTokenizers.read(folder, json);
    return new Model(config, weights, tokenizer, template, fingerprint.toHex(), arena);
  }

  private static ChatTemplate template(Path folder) {
    Path configFile = folder.resolve("tokenizer_config.json");
    ObjectNode config = JsonFiles.find(configFile);
    Path own = folder.resolve("chat_template.jinja");
    String source = Files.isRegularFile(own) ? read(own) : named(config.path("chat_template"));
    return ChatTemplate.of(
        source, text(config.path("bos_token")), text(config.path("eos_token")), folder);
  }

  /** A template, or of several the one named default. */
  private static @Nullable String named(JsonNode templates) {
    if (templates.isTextual()) {
      return templates.textValue();
    }
    for (JsonNode template : templates) {
      if (template.path("name").asText().equals("default")) {
        return template.path("template").asText();
      }
    }
    return null;
  }

  /** A token is a text, or an object with its content. */
  private static String text(JsonNode token) {
    return token.isTextual() ? token.textValue() : token.path("content").asText();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new ModelException(
          "%s: cannot be read: %s; fetch it again".formatted(file, e.getMessage()), e);
    }
  }
}
