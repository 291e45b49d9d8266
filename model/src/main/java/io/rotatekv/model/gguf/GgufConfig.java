package io.rotatekv.model.gguf;

import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.weights.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Reads the hyperparameters out of the metadata of a GGUF file. */
final class GgufConfig {

  private static final double DEFAULT_THETA = 10_000;
  private static final double DEFAULT_EPSILON = 1e-5;

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String architecture;

  private GgufConfig(GgufFile file) {
    this.file = file;
    metadata = file.metadata();
    architecture = metadata.require("general.architecture", String.class);
  }

  /**
   * The configuration of the model in {@code file}.
   *
   * @throws ModelException if the architecture or one of its options is not supported
   */
  static ModelConfig read(GgufFile file) {
    return new GgufConfig(file).read();
  }

  private ModelConfig read() {
    checkSupported();
    int heads = metadata.requireInt(key("attention.head_count"));
    int hidden = metadata.requireInt(key("embedding_length"));
    int headDim = metadata.findInt(key("attention.key_length"), hidden / Math.max(1, heads));
    if (metadata.findInt(key("attention.value_length"), headDim) != headDim) {
      throw metadata.invalid(key("attention.value_length"), "differs from the keys' length");
    }
    Tensor embedding = file.find("token_embd.weight");
    if (embedding == null) {
      throw new ModelException(
          file.path() + ": tensor token_embd.weight is missing; fetch the model again");
    }
    try {
      return new ModelConfig(
          architecture,
          name(),
          metadata.requireInt(key("block_count")),
          hidden,
          heads,
          metadata.findInt(key("attention.head_count_kv"), heads),
          headDim,
          metadata.requireInt(key("feed_forward_length")),
          embedding.rows(),
          metadata.requireInt(key("context_length")),
          (float) metadata.findDouble(key("attention.layer_norm_rms_epsilon"), DEFAULT_EPSILON),
          rope(headDim));
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          "%s: the model cannot be used: %s; choose another model"
              .formatted(file.path(), e.getMessage()),
          e);
    }
  }

  private void checkSupported() {
    if (!architecture.equals("llama") && !architecture.equals("qwen2")) {
      throw new ModelException(
          "%s: architecture %s is not supported; use a llama (LLaMA, Mistral, SmolLM2) or qwen2 model"
              .formatted(file.path(), architecture));
    }
    if (metadata.findInt(key("expert_count"), 0) > 0) {
      throw new ModelException(
          file.path() + ": mixture-of-experts models are not supported; use a dense model");
    }
    if (metadata.findInt("split.count", 1) > 1) {
      throw new ModelException(
          file.path() + ": the model is split; join its parts with llama-gguf-split --merge");
    }
  }

  private String name() {
    String name = metadata.find("general.name", String.class);
    return name == null ? String.valueOf(file.path().getFileName()) : name;
  }

  private RopeSpec rope(int headDim) {
    double theta = metadata.findDouble(key("rope.freq_base"), DEFAULT_THETA);
    int rotated = metadata.findInt(key("rope.dimension_count"), headDim);
    return new RopeSpec(rotated, theta, scaling(rotated));
  }

  private RopeScaling scaling(int rotated) {
    Tensor divisors = file.find("rope_freqs.weight");
    if (divisors != null) {
      return divisors(divisors, rotated);
    }
    String type = metadata.find(key("rope.scaling.type"), String.class);
    // Older files have a linear factor without naming its type.
    double older = metadata.findDouble(key("rope.scale_linear"), 1);
    double factor = metadata.findDouble(key("rope.scaling.factor"), older);
    if (type == null ? factor == 1 : type.equals("none")) {
      return new RopeScaling.None();
    }
    if ((type == null || type.equals("linear")) && factor > 0) {
      return new RopeScaling.Linear(factor);
    }
    throw new ModelException(
        "%s: RoPE scaling %s by %s is not supported; use a model with linear or LLaMA 3 scaling"
            .formatted(file.path(), type, factor));
  }

  private RopeScaling divisors(Tensor tensor, int rotated) {
    List<Double> factors = new ArrayList<>();
    if (tensor.type() == TensorType.F32 && tensor.rows() * tensor.columns() == rotated / 2) {
      for (float factor : tensor.toFloats()) {
        factors.add((double) factor);
      }
    }
    if (factors.isEmpty() || factors.stream().anyMatch(factor -> !(factor > 0))) {
      throw new ModelException(
          "%s: tensor rope_freqs.weight must hold %d positive F32 divisors; fetch the model again"
              .formatted(file.path(), rotated / 2));
    }
    return new RopeScaling.Divisors(factors);
  }

  private String key(String suffix) {
    return architecture + "." + suffix;
  }
}
