package io.rotatekv.model;

import io.rotatekv.kernels.tensor.Matrix;
import java.util.List;

/**
 * All weights of a model. Arrays are not to be changed.
 *
 * @param embedding {@code (vocabulary, hidden)}
 * @param layers in order of computation
 * @param outputNorm {@code (hidden)}
 * @param output {@code (vocabulary, hidden)}; the embedding itself where the two are tied
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by kernels, never compared.
public record ModelWeights(
    Matrix embedding, List<LayerWeights> layers, float[] outputNorm, Matrix output) {

  public ModelWeights {
    layers = List.copyOf(layers);
  }
}
