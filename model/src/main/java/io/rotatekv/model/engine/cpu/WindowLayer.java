package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One layer of a sequence under a {@link CacheMethod}: the exact tokens and the stored ones. */
final class WindowLayer {

  /** RoPE of one token's keys, in place. */
  @FunctionalInterface
  interface RowRope {

    void rotate(float[] keys, int offset, int position);
  }

  private final KvShape shape;
  private final int hidden;
  private final int queryDim;
  private float[] keys = new float[0]; // (capacity, kvDim), before RoPE
  private float[] keyTiles = new float[0]; // (capacity / 64, kvDim, 64), after RoPE
  private float[] values = new float[0];
  private float[] peaks = new float[0];
  private float[] queries = new float[0]; // of the tokens not yet stored
  private int tokens;
  private int storedTokens;
  private @Nullable StoredLayer stored;
  private float[] storedKeyTiles = new float[0]; // (blocks, kvDim, 64)
  private float[] storedValues = new float[0]; // (64 * blocks, kvDim)

  WindowLayer(KvShape shape, int hidden, int queryDim) {
    this.shape = shape;
    this.hidden = hidden;
    this.queryDim = queryDim;
  }

  int tokens() {
    return tokens;
  }

  int waiting() {
    return tokens - storedTokens;
  }

  int storedTokens() {
    return storedTokens;
  }

  /** Appends one row of the workspace, whose query has been rotated; keys and values in FP16. */
  void append(Workspace w, int row, RowRope rope) {
    int width = shape.kvDim();
    if (tokens == peaks.length) {
      reserve(Math.max(BLOCK_TOKENS, 2 * tokens));
    }
    Tail.roundToHalf(w.key, row * width, keys, tokens * width, width);
    Tail.roundToHalf(w.value, row * width, values, tokens * width, width);
    float[] rotated = Arrays.copyOfRange(keys, tokens * width, (tokens + 1) * width);
    rope.rotate(rotated, 0, tokens);
    place(rotated, 0, tokens, keyTiles);
    float peak = 0;
    for (int i = row * hidden; i < (row + 1) * hidden; i++) {
      peak = Math.max(peak, Math.abs(w.hidden[i]));
    }
    peaks[tokens] = peak;
    int at = waiting() * queryDim;
    if (at == queries.length) {
      queries = Arrays.copyOf(queries, Math.max(BLOCK_TOKENS * queryDim, 2 * at));
    }
    System.arraycopy(w.query, row * queryDim, queries, at, queryDim);
    tokens++;
  }

  private void reserve(int capacity) {
    keys = Arrays.copyOf(keys, capacity * shape.kvDim());
    keyTiles = Arrays.copyOf(keyTiles, capacity * shape.kvDim());
    values = Arrays.copyOf(values, capacity * shape.kvDim());
    peaks = Arrays.copyOf(peaks, capacity);
  }

  /** Stores all tokens anew. */
  void store(CacheMethod method, int layer, RowRope rope) {
    int size = tokens * shape.kvDim();
    LayerWindow window =
        new LayerWindow(
            layer,
            shape,
            tokens,
            Arrays.copyOf(keys, size),
            Arrays.copyOf(values, size),
            Arrays.copyOf(peaks, tokens),
            Arrays.copyOf(queries, waiting() * queryDim),
            waiting(),
            (rows, count) -> rotate(rope, rows, count));
    StoredLayer result = method.store(window);
    if (result.keys().length != size || result.values().length != size) {
      throw new IllegalStateException(
          "a cache method returned %d keys and %d values for %d of each"
              .formatted(result.keys().length, result.values().length, size));
    }
    int blocks = Math.ceilDiv(tokens, BLOCK_TOKENS);
    int padded = blocks * BLOCK_TOKENS * shape.kvDim();
    stored = result;
    storedKeyTiles = new float[padded];
    for (int token = 0; token < tokens; token++) {
      place(result.keys(), token * shape.kvDim(), token, storedKeyTiles);
    }
    storedValues = Arrays.copyOf(result.values(), padded);
    storedTokens = tokens;
    queries = new float[0];
  }

  /** Exact keys after RoPE, {@code (blocks or more, kvDim, 64)}. */
  float[] exactKeyTiles() {
    return keyTiles;
  }

  /** Exact values, {@code (64 * blocks or more, kvDim)}. */
  float[] exactValues() {
    return values;
  }

  /** Stored keys of the first {@link #storedTokens}, {@code (blocks, kvDim, 64)}. */
  float[] storedKeyTiles() {
    return storedKeyTiles;
  }

  /** Stored values, {@code (64 * blocks, kvDim)}. */
  float[] storedValues() {
    return storedValues;
  }

  StoredLayer.Recent recent() {
    return stored == null ? StoredLayer.Recent.NONE : stored.recent();
  }

  /** Bits of the stored tokens, and 16 for each number of those that wait. */
  long bits() {
    long waiting = 2L * waiting() * shape.kvDim() * Short.SIZE;
    return waiting + (stored == null ? 0 : stored.bits());
  }

  private void rotate(RowRope rope, float[] rows, int count) {
    for (int token = 0; token < count; token++) {
      rope.rotate(rows, token * shape.kvDim(), token);
    }
  }

  private void place(float[] rows, int offset, int token, float[] tiles) {
    int width = shape.kvDim();
    int at = token / BLOCK_TOKENS * BLOCK_TOKENS * width + token % BLOCK_TOKENS;
    for (int channel = 0; channel < width; channel++) {
      tiles[at + channel * BLOCK_TOKENS] = rows[offset + channel];
    }
  }
}
