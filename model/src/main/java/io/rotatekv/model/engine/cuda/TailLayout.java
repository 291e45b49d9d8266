package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;

/**
 * The unfilled last block of a sequence: for each layer FP16 keys before RoPE and FP16 values in
 * the model's basis; then for all layers the largest magnitudes of the hidden states, FP32 {@code
 * (layers, 64)}, by which sinks are told.
 *
 * <p>Kernels expect keys {@code (64, kvDim)} and right after them values {@code (64, kvDim)}. A
 * block with room for fewer tokens shares such a frame with other layers: with room for 16, four
 * layers' keys fill the first half of a frame, and their values the second.
 *
 * @param shape the model's KV cache
 * @param capacity tokens there is room for: 16, 32 or 64
 */
record TailLayout(KvShape shape, int capacity) {

  private static final int MIN_CAPACITY = 16;

  /** The smallest layout with room for {@code tokens}, 1 to 64. */
  static TailLayout of(KvShape shape, int tokens) {
    int rounded = Integer.highestOneBit(2 * tokens - 1);
    return new TailLayout(shape, Math.max(MIN_CAPACITY, rounded));
  }

  /** Bytes from a layer's keys to its values. */
  long sideBytes() {
    return rowBytes() * BLOCK_TOKENS;
  }

  /** Bytes of a token's key, and of its value, in one layer. */
  long rowBytes() {
    return (long) shape.kvDim() * Short.BYTES;
  }

  /** Layers that share a frame. */
  int frameLayers() {
    return BLOCK_TOKENS / capacity;
  }

  /** Offset of a layer's keys; its values are {@link #sideBytes} further on. */
  long layer(int layer) {
    long frame = layer / frameLayers() * 2L * sideBytes();
    return frame + (long) (layer % frameLayers()) * capacity * rowBytes();
  }

  /** Offset of the largest magnitudes. */
  long maxima() {
    return Math.ceilDiv(shape.layers(), frameLayers()) * 2L * sideBytes();
  }

  /** Offset of a layer's largest magnitudes. */
  long maxima(int layer) {
    return maxima() + (long) layer * BLOCK_TOKENS * Float.BYTES;
  }

  /** Bytes of the largest magnitudes of all layers. */
  long maximaBytes() {
    return (long) shape.layers() * BLOCK_TOKENS * Float.BYTES;
  }

  long bytes() {
    return maxima() + maximaBytes();
  }
}
