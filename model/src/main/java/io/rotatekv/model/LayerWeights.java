package io.rotatekv.model;

import io.rotatekv.kernels.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one transformer layer. Rows of {@code query} and {@code key} are ordered so that
 * RoPE pairs channel i of a head with {@code i + headDim / 2}. Arrays are not to be changed.
 *
 * @param attentionNorm {@code (hidden)}
 * @param query {@code (heads * headDim, hidden)}
 * @param queryBias {@code (heads * headDim)}
 * @param key {@code (kvHeads * headDim, hidden)}
 * @param keyBias {@code (kvHeads * headDim)}
 * @param value {@code (kvHeads * headDim, hidden)}
 * @param valueBias {@code (kvHeads * headDim)}
 * @param output {@code (hidden, heads * headDim)}
 * @param feedForwardNorm {@code (hidden)}
 * @param gate {@code (feedForward, hidden)}
 * @param up {@code (feedForward, hidden)}
 * @param down {@code (hidden, feedForward)}
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by kernels, never compared.
public record LayerWeights(
    float[] attentionNorm,
    Matrix query,
    float @Nullable [] queryBias,
    Matrix key,
    float @Nullable [] keyBias,
    Matrix value,
    float @Nullable [] valueBias,
    Matrix output,
    float[] feedForwardNorm,
    Matrix gate,
    Matrix up,
    Matrix down) {}
