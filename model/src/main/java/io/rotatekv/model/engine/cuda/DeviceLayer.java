package io.rotatekv.model.engine.cuda;

/**
 * Device addresses of one layer's weights. Matrices are FP16, row-major; norms and biases FP32.
 *
 * @param attentionNorm {@code (hidden)}
 * @param qkv rows of query, key and value, {@code ((heads + 2 kvHeads) headDim, hidden)}
 * @param qkvBias one per row of {@code qkv}; 0 for none
 * @param output {@code (hidden, heads headDim)}
 * @param feedForwardNorm {@code (hidden)}
 * @param gateUp rows of gate and up, {@code (2 feedForward, hidden)}
 * @param down {@code (hidden, feedForward)}
 */
record DeviceLayer(
    long attentionNorm,
    long qkv,
    long qkvBias,
    long output,
    long feedForwardNorm,
    long gateUp,
    long down) {}
