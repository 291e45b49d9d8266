package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.block.Half;
import io.rotatekv.kernels.block.TileCoder;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

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
  private final float[] strip;
  private final float[] saturated;

  HalfTiles(CodecContext context) {
    layout = BlockLayout.of(context.spec(), context.shape());
    kvDim = context.shape().kvDim();
    count = BLOCK_TOKENS * kvDim;
    halves = new short[count];
    strip = new float[kvDim * LANES];
    saturated = new float[count];
  }

  @Override
  public boolean encodable(float[] rows, int elements) {
    return Magnitude.allBelow(rows, elements);
  }

  @Override
  public void encodeKeys(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    int beyond = 0;
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      Strips.load(rows, token, kvDim, strip);
      beyond += saturate(strip, kvDim * LANES, token, BLOCK_TOKENS);
    }
    counters.addSaturatedHalves(beyond);
    store(block, layout.keyCodes());
  }

  @Override
  public void encodeValues(
      int layer, float[] rows, long sinks, MemorySegment block, EncodeCounters counters) {
    counters.addSaturatedHalves(saturate(rows, count, 0, LANES));
    store(block, layout.valueCodes());
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

  /** Copies vectors to {@code pitch} apart, brought into range; returns how many were not in it. */
  private int saturate(float[] x, int elements, int offset, int pitch) {
    int beyond = 0;
    for (int i = 0; i < elements; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, i);
      VectorMask<Float> above = v.compare(VectorOperators.GT, Half.MAX);
      VectorMask<Float> below = v.compare(VectorOperators.LT, -Half.MAX);
      v.blend(Half.MAX, above).blend(-Half.MAX, below).intoArray(saturated, offset);
      beyond += above.trueCount() + below.trueCount();
      offset += pitch;
    }
    return beyond;
  }

  private void store(MemorySegment block, int at) {
    for (int i = 0; i < count; i++) {
      halves[i] = Float.floatToFloat16(saturated[i]);
    }
    MemorySegment.copy(halves, 0, block, SHORT, at, count);
  }

  private void convert(MemorySegment block, int at, float[] to) {
    MemorySegment.copy(block, SHORT, at, halves, 0, count);
    for (int i = 0; i < count; i++) {
      to[i] = Float.float16ToFloat(halves[i]);
    }
  }
}
