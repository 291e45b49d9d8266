package io.rotatekv.model.engine.cpu;

/** Sees every layer's inputs and its keys and values, for calibration. */
@FunctionalInterface
public interface LayerObserver {

  /** Sees nothing. */
  LayerObserver NONE = (layer, rows, hidden, keys, values) -> {};

  /**
   * Called once per layer and chunk. The arrays are reused afterwards.
   *
   * @param rows tokens in the chunk
   * @param hidden hidden states entering the layer, {@code (rows, hidden)}
   * @param keys keys before RoPE, {@code (rows, kvDim)}
   * @param values values, {@code (rows, kvDim)}
   */
  void observe(int layer, int rows, float[] hidden, float[] keys, float[] values);
}
