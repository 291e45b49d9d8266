package io.rotatekv.kernels.block;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.EncodeCounters;
import io.rotatekv.kernels.codec.KvShape;
import java.lang.foreign.MemorySegment;

/**
 * The section of FP16 rows of the tokens that are not quantized. Keys stand in the model's basis
 * (nothing is quantized, so rotating would only add rounding), values in the basis of the other
 * values, because attention adds them up before it unrotates the sum.
 */
final class SinkRows {

  private final TileCoder coder;
  private final BlockLayout layout;
  private final KvShape shape;
  private final float[] row;

  SinkRows(TileCoder coder, BlockLayout layout, KvShape shape) {
    this.coder = coder;
    this.layout = layout;
    this.shape = shape;
    row = new float[shape.kvDim()];
  }

  /** Writes bitmap and rows. */
  void write(
      float[] keys, float[] values, long sinks, MemorySegment block, EncodeCounters counters) {
    block.asSlice(layout.sinkBitmap(), BlockLayout.ALIGNMENT).fill((byte) 0);
    block.set(BlockHeader.LONG, layout.sinkBitmap(), sinks);
    int at = layout.sinkRows();
    for (long rest = sinks; rest != 0; rest &= rest - 1) {
      int token = Long.numberOfTrailingZeros(rest);
      load(keys, token);
      writeRow(block, at, counters);
      load(values, token);
      coder.rotate(row, 0, shape.kvHeads());
      writeRow(block, at + layout.rowBytes(), counters);
      at += 2 * layout.rowBytes();
    }
  }

  /** Overwrites the sinks' columns of {@code (kvDim, 64)}. */
  void readKeys(MemorySegment block, float[] keys) {
    int at = layout.sinkRows();
    for (long rest = Blocks.sinks(block, layout); rest != 0; rest &= rest - 1) {
      int token = Long.numberOfTrailingZeros(rest);
      for (int channel = 0; channel < shape.kvDim(); channel++) {
        keys[channel * BLOCK_TOKENS + token] = half(block, at, channel);
      }
      at += 2 * layout.rowBytes();
    }
  }

  /** Overwrites the sinks' rows of {@code (64, kvDim)}. */
  void readValues(MemorySegment block, float[] values) {
    int at = layout.sinkRows() + layout.rowBytes();
    for (long rest = Blocks.sinks(block, layout); rest != 0; rest &= rest - 1) {
      int start = Long.numberOfTrailingZeros(rest) * shape.kvDim();
      for (int channel = 0; channel < shape.kvDim(); channel++) {
        values[start + channel] = half(block, at, channel);
      }
      at += 2 * layout.rowBytes();
    }
  }

  private void load(float[] rows, int token) {
    int start = token * shape.kvDim();
    System.arraycopy(rows, start, row, 0, row.length);
  }

  private void writeRow(MemorySegment block, int at, EncodeCounters counters) {
    int saturated = 0;
    for (int channel = 0; channel < row.length; channel++) {
      saturated += Math.abs(row[channel]) > Half.MAX ? 1 : 0;
      block.set(BlockHeader.SHORT, at + channel * Short.BYTES, Half.saturate(row[channel]));
    }
    counters.addSaturatedHalves(saturated);
  }

  private static float half(MemorySegment block, int at, int channel) {
    return Float.float16ToFloat(block.get(BlockHeader.SHORT, at + channel * Short.BYTES));
  }
}
