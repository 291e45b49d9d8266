package io.rotatekv.model.weights;

import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.ModelWeights;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds a model's tensors by name, checks their shapes and puts them in their places. */
public final class WeightAssembler {

  private final TensorSource source;
  private final TensorNames names;
  private final RowOrder order;
  private final ModelConfig config;
  private final Arena arena;

  private WeightAssembler(
      TensorSource source, TensorNames names, RowOrder order, ModelConfig config, Arena arena) {
    this.source = source;
    this.names = names;
    this.order = order;
    this.config = config;
    this.arena = arena;
  }

  /**
   * The weights of a GGUF file. Of the {@code llama} architecture the query and key matrices are
   * copied into {@code arena}, because their rows come in the order of interleaved RoPE.
   *
   * @throws ModelException if a tensor is missing or has another shape than the configuration says
   */
  public static ModelWeights fromGguf(TensorSource source, ModelConfig config, Arena arena) {
    RowOrder order = config.architecture().equals("llama") ? RowOrder.INTERLEAVED : RowOrder.HALVES;
    return new WeightAssembler(source, TensorNames.GGUF, order, config, arena).assemble(false);
  }

  /**
   * The weights of a Hugging Face folder.
   *
   * @param tied whether the embedding is the output matrix even if the file has one
   * @throws ModelException if a tensor is missing or has another shape than the configuration says
   */
  public static ModelWeights fromHuggingFace(
      TensorSource source, ModelConfig config, boolean tied, Arena arena) {
    return new WeightAssembler(source, TensorNames.HUGGING_FACE, RowOrder.HALVES, config, arena)
        .assemble(tied);
  }

  private ModelWeights assemble(boolean tied) {
    int hidden = config.hidden();
    Matrix embedding = matrix(names.embedding(), config.vocabulary(), hidden);
    boolean ownOutput = !tied && source.find(names.output() + ".weight") != null;
    Matrix output = ownOutput ? matrix(names.output(), config.vocabulary(), hidden) : embedding;
    List<LayerWeights> layers = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(layer(names.layerPrefix() + layer + "."));
    }
    return new ModelWeights(embedding, layers, norm(names.outputNorm()), output);
  }

  private LayerWeights layer(String prefix) {
    int hidden = config.hidden();
    int headDim = config.headDim();
    String query = prefix + names.query();
    String key = prefix + names.key();
    String value = prefix + names.value();
    return new LayerWeights(
        norm(prefix + names.attentionNorm()),
        order.reorder(matrix(query, config.queryDim(), hidden), headDim, arena),
        ropeBias(query, config.queryDim()),
        order.reorder(matrix(key, config.kvDim(), hidden), headDim, arena),
        ropeBias(key, config.kvDim()),
        matrix(value, config.kvDim(), hidden),
        bias(value, config.kvDim()),
        unbiased(prefix + names.attentionOutput(), hidden, config.queryDim()),
        norm(prefix + names.feedForwardNorm()),
        unbiased(prefix + names.gate(), config.feedForward(), hidden),
        unbiased(prefix + names.up(), config.feedForward(), hidden),
        unbiased(prefix + names.down(), hidden, config.feedForward()));
  }

  private Matrix unbiased(String name, int rows, int columns) {
    if (source.find(name + ".bias") != null) {
      throw new ModelException(
          "%s: tensor %s.bias is not supported; only queries, keys and values may have a bias"
              .formatted(source.path(), name));
    }
    return matrix(name, rows, columns);
  }

  private Matrix matrix(String name, int rows, int columns) {
    return require(name + ".weight", rows, columns).toMatrix();
  }

  private float[] norm(String name) {
    return floats(require(name + ".weight", 1, config.hidden()));
  }

  private float @Nullable [] ropeBias(String name, int size) {
    float[] bias = bias(name, size);
    return bias == null ? null : order.reorder(bias, config.headDim());
  }

  private float @Nullable [] bias(String name, int size) {
    String full = name + ".bias";
    return source.find(full) == null ? null : floats(require(full, 1, size));
  }

  private float[] floats(Tensor tensor) {
    try {
      return tensor.toFloats();
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          "%s: tensor %s: %s; convert the model with its vectors in F32"
              .formatted(source.path(), tensor.name(), e.getMessage()),
          e);
    }
  }

  private Tensor require(String name, int rows, int columns) {
    Tensor tensor = source.find(name);
    if (tensor == null) {
      throw new ModelException(
          "%s: tensor %s is missing; the file is incomplete or not a %s model: fetch it again"
              .formatted(source.path(), name, config.architecture()));
    }
    if (tensor.rows() != rows || tensor.columns() != columns) {
      throw new ModelException(
          "%s: tensor %s has shape (%d, %d), the configuration asks for (%d, %d); fetch it again"
              .formatted(source.path(), name, tensor.rows(), tensor.columns(), rows, columns));
    }
    return tensor;
  }
}
