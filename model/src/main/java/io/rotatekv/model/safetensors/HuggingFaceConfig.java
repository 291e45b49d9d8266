package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import java.nio.file.Path;

/** Reads the hyperparameters out of {@code config.json}. */
final class HuggingFaceConfig {

  private static final double DEFAULT_THETA = 10_000;
  private static final double DEFAULT_EPSILON = 1e-6;

  private final Path folder;
  private final Path file;
  private final ObjectNode json;

  private HuggingFaceConfig(Path folder, ObjectNode json) {
    this.folder = folder;
    file = folder.resolve("config.json");
    this.json = json;
  }

  /**
   * The configuration of the model in {@code folder}.
   *
   * @param json the content of its {@code config.json}
   * @throws ModelException if the architecture or one of its options is not supported
   */
  static ModelConfig read(Path folder, ObjectNode json) {
    return new HuggingFaceConfig(folder, json).read();
  }

  private ModelConfig read() {
    String activation = json.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw unsupported("hidden_act " + activation);
    }
    int heads = require("num_attention_heads");
    int hidden = require("hidden_size");
    int headDim = find("head_dim", hidden / Math.max(1, heads));
    int context = require("max_position_embeddings");
    try {
      return new ModelConfig(
          architecture(),
          json.path("_name_or_path").asText(String.valueOf(folder.getFileName())),
          require("num_hidden_layers"),
          hidden,
          heads,
          find("num_key_value_heads", heads),
          headDim,
          require("intermediate_size"),
          require("vocab_size"),
          window(context),
          (float) json.path("rms_norm_eps").asDouble(DEFAULT_EPSILON),
          rope(headDim, context));
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          "%s: the model cannot be used: %s; choose another model".formatted(file, e.getMessage()),
          e);
    }
  }

  private String architecture() {
    String architecture = json.path("architectures").path(0).asText();
    return switch (architecture) {
      case "LlamaForCausalLM", "MistralForCausalLM" -> "llama";
      case "Qwen2ForCausalLM" -> "qwen2";
      default -> throw unsupported("architecture " + architecture);
    };
  }

  /** Up to the sliding window, attention over everything is the same as over the window. */
  private int window(int context) {
    boolean used = json.path("use_sliding_window").asBoolean(true);
    int window = find("sliding_window", context);
    return used ? Math.min(context, window) : context;
  }

  private RopeSpec rope(int headDim, int context) {
    // Transformers 5 moved theta and scaling into one object.
    JsonNode scaling =
        json.hasNonNull("rope_parameters")
            ? json.get("rope_parameters")
            : json.path("rope_scaling");
    double theta =
        scaling.path("rope_theta").asDouble(json.path("rope_theta").asDouble(DEFAULT_THETA));
    double partial =
        scaling
            .path("partial_rotary_factor")
            .asDouble(json.path("partial_rotary_factor").asDouble(1));
    return new RopeSpec((int) (headDim * partial), theta, scaling(scaling, context));
  }

  private RopeScaling scaling(JsonNode scaling, int context) {
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    return switch (type) {
      case "default", "none" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(number(scaling, "factor"));
      case "llama3" ->
          new RopeScaling.Llama3(
              number(scaling, "factor"),
              number(scaling, "low_freq_factor"),
              number(scaling, "high_freq_factor"),
              scaling.path("original_max_position_embeddings").asInt(context));
      default -> throw unsupported("RoPE scaling " + type);
    };
  }

  private double number(JsonNode parent, String key) {
    double value = parent.path(key).asDouble();
    if (!(value > 0)) {
      throw new ModelException(
          "%s: RoPE scaling needs a positive %s; fetch the model again".formatted(file, key));
    }
    return value;
  }

  private int require(String key) {
    int value = find(key, 0);
    if (value <= 0) {
      throw new ModelException(
          "%s: %s is missing or not a positive integer; fetch the model again"
              .formatted(file, key));
    }
    return value;
  }

  private int find(String key, int absent) {
    return json.hasNonNull(key) ? json.get(key).asInt() : absent;
  }

  private ModelException unsupported(String what) {
    return new ModelException(
        "%s: %s is not supported; use a LLaMA, Mistral, SmolLM2 or Qwen2 model"
            .formatted(file, what));
  }
}
