package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;
import org.jspecify.annotations.Nullable;

/**
 * One KV head's tiles as one query reads them: stored before a boundary, exact from it on. A tile
 * on one side of the boundary is read in place, the one across it is put together.
 */
final class MixedTiles {

  /** The boundary of a query that reads everything as stored. */
  static final int NOTHING = Integer.MAX_VALUE;

  private final WindowLayer cache;
  private final int width;
  private final int headDim;
  private final int kvHead;
  private float @Nullable [] scratchKeys;
  private float @Nullable [] scratchValues;

  private float[] keys;
  private int keyOffset;
  private float[] values;
  private int valueOffset;
  private int valueStride;

  MixedTiles(WindowLayer cache, KvShape shape, int kvHead) {
    this.cache = cache;
    this.width = shape.kvDim();
    this.headDim = shape.headDim();
    this.kvHead = kvHead;
    this.keys = cache.exactKeyTiles();
    this.values = cache.exactValues();
  }

  /** Chooses the tile of a block; keys and values are exact from the given tokens on. */
  void select(int block, int keysFrom, int valuesFrom) {
    int first = block * BLOCK_TOKENS;
    int exactKeysFrom = Math.clamp(keysFrom - first, 0, BLOCK_TOKENS);
    int exactValuesFrom = Math.clamp(valuesFrom - first, 0, BLOCK_TOKENS);
    selectKeys(first * width + kvHead * headDim * BLOCK_TOKENS, exactKeysFrom);
    selectValues(first * width + kvHead * headDim, exactValuesFrom);
  }

  private void selectKeys(int offset, int exactFrom) {
    keyOffset = offset;
    if (exactFrom == 0) {
      keys = cache.exactKeyTiles();
    } else if (exactFrom == BLOCK_TOKENS) {
      keys = cache.storedKeyTiles();
    } else {
      keys = mixKeys(offset, exactFrom);
      keyOffset = 0;
    }
  }

  private float[] mixKeys(int offset, int exactFrom) {
    float[] mixed = scratchKeys == null ? new float[headDim * BLOCK_TOKENS] : scratchKeys;
    scratchKeys = mixed;
    for (int at = 0; at < mixed.length; at += BLOCK_TOKENS) {
      System.arraycopy(cache.storedKeyTiles(), offset + at, mixed, at, exactFrom);
      int rest = BLOCK_TOKENS - exactFrom;
      System.arraycopy(cache.exactKeyTiles(), offset + at + exactFrom, mixed, at + exactFrom, rest);
    }
    return mixed;
  }

  private void selectValues(int offset, int exactFrom) {
    valueOffset = offset;
    valueStride = width;
    if (exactFrom == 0) {
      values = cache.exactValues();
    } else if (exactFrom == BLOCK_TOKENS) {
      values = cache.storedValues();
    } else {
      values = mixValues(offset, exactFrom);
      valueOffset = 0;
      valueStride = headDim;
    }
  }

  private float[] mixValues(int offset, int exactFrom) {
    float[] mixed = scratchValues == null ? new float[headDim * BLOCK_TOKENS] : scratchValues;
    scratchValues = mixed;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      float[] from = token < exactFrom ? cache.storedValues() : cache.exactValues();
      System.arraycopy(from, offset + token * width, mixed, token * headDim, headDim);
    }
    return mixed;
  }

  int kvHead() {
    return kvHead;
  }

  float[] keys() {
    return keys;
  }

  int keyOffset() {
    return keyOffset;
  }

  float[] values() {
    return values;
  }

  int valueOffset() {
    return valueOffset;
  }

  int valueStride() {
    return valueStride;
  }
}
