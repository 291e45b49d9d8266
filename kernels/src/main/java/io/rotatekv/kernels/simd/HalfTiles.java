package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.block.Half;
import io.rotatekv.kernels.block.TileCoder;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The sections of {@code fp16}. The Vector API of this JDK cannot convert halves; plain loops over
 * arrays can, since the compiler turns them into vector instructions.
 */
final class HalfTiles implements TileCoder {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BlockLayout layout;
  private final int kvDim;
  private final int count;
  private final short[] halves;
  private final short[] columns;
  private final float[] saturated;

  HalfTiles(CodecContext context) {
    layout = BlockLayout.of(context.spec(), context.shape());
    kvDim = context.shape().kvDim();
    count = BLOCK_TOKENS * kvDim;
    halves = new short[count];
    columns = new short[count];
    saturated = new float[count];
  }

  @Override
  public boolean encodable(float[] rows, int elements) {
    return Magnitude.allBelow(rows, elements);
  }

  @Override
  public void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    convert(rows, counters);
    for (int channel = 0; channel < kvDim; channel++) {
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        columns[channel * BLOCK_TOKENS + token] = halves[token * kvDim + channel];
      }
    }
    MemorySegment.copy(columns, 0, block, SHORT, layout.keyCodes(), count);
  }

  @Override
  public void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    convert(rows, counters);
    MemorySegment.copy(halves, 0, block, SHORT, layout.valueCodes(), count);
  }

  @Override
  public void decodeKeys(int layer, MemorySegment block, float[] keys) {
    convert(block, layout.keyCodes(), keys);
  }

  @Override
  public void decodeValues(int layer, MemorySegment block, float[] values) {
    convert(block, layout.valueCodes(), values);
  }

  @Override
  public boolean rotatesValues() {
    return false;
  }

  @Override
  public void rotate(float[] rows, int offset, int rowCount) {}

  @Override
  public void unrotate(float[] rows, int offset, int rowCount) {}

  private void convert(float[] rows, EncodeCounters counters) {
    int beyond = 0;
    for (int i = 0; i < count; i++) {
      float x = Math.max(-Half.MAX, Math.min(Half.MAX, rows[i]));
      beyond += x == rows[i] ? 0 : 1;
      saturated[i] = x;
    }
    for (int i = 0; i < count; i++) {
      halves[i] = Float.floatToFloat16(saturated[i]);
    }
    counters.addSaturatedHalves(beyond);
  }

  private void convert(MemorySegment block, int at, float[] to) {
    MemorySegment.copy(block, SHORT, at, halves, 0, count);
    for (int i = 0; i < count; i++) {
      to[i] = Float.float16ToFloat(halves[i]);
    }
  }
}
