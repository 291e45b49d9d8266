package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;

/**
 * The unfilled last block of a sequence: for each layer FP16 keys before RoPE, {@code (64, kvDim)},
 * and FP16 values in the model's basis, {@code (64, kvDim)}; then for all layers the largest
 * magnitudes of the hidden states, FP32 {@code (layers, 64)}, by which sinks are told.
 *
 * @param shape the model's KV cache
 */
record TailLayout(KvShape shape) {

  /** Bytes of the keys, and of the values, of one layer. */
  long sideBytes() {
    return rowBytes() * BLOCK_TOKENS;
  }

  /** Bytes of a token's key, and of its value, in one layer. */
  long rowBytes() {
    return (long) shape.kvDim() * Short.BYTES;
  }

  /** Offset of a layer's keys; its values follow. */
  long layer(int layer) {
    return 2L * layer * sideBytes();
  }

  /** Offset of the largest magnitudes. */
  long maxima() {
    return layer(shape.layers());
  }

  /** Bytes of the largest magnitudes of all layers. */
  long maximaBytes() {
    return (long) shape.layers() * BLOCK_TOKENS * Float.BYTES;
  }

  long bytes() {
    return maxima() + maximaBytes();
  }
}
