package io.rotatekv.kernels.scalar;

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
 * The sections of {@code fp16}. Keys are stored channel-major, {@code (kvDim, 64)}, as attention
 * wants them: they are transposed once, when encoded, and not at each decoding. Values are stored
 * as they come, {@code (64, kvDim)}.
 */
final class HalfTiles implements TileCoder {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final BlockLayout layout;
  private final int kvDim;

  HalfTiles(CodecContext context) {
    layout = BlockLayout.of(context.spec(), context.shape());
    kvDim = context.shape().kvDim();
  }

  @Override
  public boolean encodable(float[] rows, int count) {
    return Magnitude.allBelow(rows, count);
  }

  @Override
  public void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < kvDim; channel++) {
        int to = channel * BLOCK_TOKENS + token;
        put(rows[token * kvDim + channel], block, layout.keyCodes(), to, counters);
      }
    }
  }

  @Override
  public void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    for (int i = 0; i < BLOCK_TOKENS * kvDim; i++) {
      put(rows[i], block, layout.valueCodes(), i, counters);
    }
  }

  @Override
  public void decodeKeys(int layer, MemorySegment block, float[] keys) {
    get(block, layout.keyCodes(), keys);
  }

  @Override
  public void decodeValues(int layer, MemorySegment block, float[] values) {
    get(block, layout.valueCodes(), values);
  }

  @Override
  public boolean rotatesValues() {
    return false;
  }

  @Override
  public void rotate(float[] rows, int offset, int count) {}

  @Override
  public void unrotate(float[] rows, int offset, int count) {}

  private static void put(
      float x, MemorySegment block, int at, int index, EncodeCounters counters) {
    if (Math.abs(x) > Half.MAX) {
      counters.addSaturatedHalves(1);
    }
    block.set(SHORT, at + index * Short.BYTES, Half.saturate(x));
  }

  private void get(MemorySegment block, int at, float[] to) {
    for (int i = 0; i < BLOCK_TOKENS * kvDim; i++) {
      to[i] = Float.float16ToFloat(block.get(SHORT, at + i * Short.BYTES));
    }
  }
}
