package io.rotatekv.model.engine.cpu;

/** Sees every layer's inputs and its queries, keys and values, for calibration. */
@FunctionalInterface
public interface LayerObserver {

  /** Sees nothing. */
  LayerObserver NONE = (layer, rows, hidden, queries, keys, values) -> {};

  /**
   * Called once per layer and chunk. The arrays are reused afterwards.
   *
   * @param rows tokens in the chunk
   * @param hidden hidden states entering the layer, {@code (rows, hidden)}
   * @param queries queries before RoPE, {@code (rows, heads, headDim)}
   * @param keys keys before RoPE, {@code (rows, kvDim)}
   * @param values values, {@code (rows, kvDim)}
   */
  void observe(int layer, int rows, float[] hidden, float[] queries, float[] keys, float[] values);
}
