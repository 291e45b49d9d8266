package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;

/** A window small enough to work by hand. */
final class SmallWindow {

  private SmallWindow() {}

  /** A window of one layer without position embedding, queries all zero but as many as tokens. */
  static LayerWindow of(KvShape shape, float[] keys, float[] values) {
    return of(shape, keys, values, new float[keys.length]);
  }

  /** A window with one query head for each KV head, and no hidden state above 1. */
  static LayerWindow of(KvShape shape, float[] keys, float[] values, float[] queries) {
    int tokens = keys.length / shape.kvDim();
    return new LayerWindow(
        0, shape, tokens, keys, values, new float[tokens], queries, tokens, (rows, count) -> {});
  }

  /** A window under a RoPE that negates all keys, to tell methods before it from those after it. */
  static LayerWindow negating(KvShape shape, float[] keys, float[] values) {
    int tokens = keys.length / shape.kvDim();
    return new LayerWindow(
        0,
        shape,
        tokens,
        keys,
        values,
        new float[tokens],
        new float[keys.length],
        tokens,
        (rows, count) -> {
          for (int i = 0; i < rows.length; i++) {
            rows[i] = -rows[i];
          }
        });
  }
}
