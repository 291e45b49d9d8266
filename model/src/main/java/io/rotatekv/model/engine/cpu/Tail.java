package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.RopeTable;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The unfilled last block of one layer: FP16 values, kept both for encoding and for attention. */
final class Tail {

  private final KvShape shape;
  private final float[] keys; // (64, kvDim), before RoPE
  private final float[] values; // (64, kvDim), in the model's basis
  private final KvTile tile;
  private final float[] row;
  private long sinks;
  private int tokens;

  Tail(KvShape shape) {
    this.shape = shape;
    this.keys = new float[BLOCK_TOKENS * shape.kvDim()];
    this.values = new float[BLOCK_TOKENS * shape.kvDim()];
    this.tile = KvTile.allocate(shape);
    this.row = new float[shape.kvDim()];
  }

  int tokens() {
    return tokens;
  }

  boolean full() {
    return tokens == BLOCK_TOKENS;
  }

  KvTile tile() {
    return tile;
  }

  /** Appends one token's key (before RoPE) and value, rounded to FP16. */
  void append(
      int layer,
      float[] newKeys,
      float[] newValues,
      int offset,
      boolean sink,
      int position,
      Rope rope,
      RopeTable table,
      BlockCodec codec) {
    int width = shape.kvDim();
    int at = tokens * width;
    roundToHalf(newKeys, offset, keys, at, width);
    roundToHalf(newValues, offset, values, at, width);
    System.arraycopy(keys, at, row, 0, width);
    rope.rotate(row, 0, shape.kvHeads(), position, table);
    for (int channel = 0; channel < width; channel++) {
      tile.keys()[channel * BLOCK_TOKENS + tokens] = row[channel];
    }
    System.arraycopy(values, at, tile.values(), at, width);
    codec.rotate(layer, tile.values(), at, shape.kvHeads());
    if (sink) {
      sinks |= 1L << tokens;
    }
    tokens++;
  }

  /** Encodes what is there; rows beyond {@link #tokens} are encoded as zeros. */
  int encode(BlockCodec codec, int layer, MemorySegment out) {
    int from = tokens * shape.kvDim();
    Arrays.fill(keys, from, keys.length, 0f);
    Arrays.fill(values, from, values.length, 0f);
    return codec.encode(layer, keys, values, sinks, out);
  }

  void clear() {
    tokens = 0;
    sinks = 0;
  }

  /** Copies {@code n} numbers, rounded to FP16. */
  static void roundToHalf(float[] from, int fromOffset, float[] to, int toOffset, int n) {
    for (int i = 0; i < n; i++) {
      to[toOffset + i] = Float.float16ToFloat(Float.floatToFloat16(from[fromOffset + i]));
    }
  }
}
