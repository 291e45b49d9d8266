package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.Lanes.FLOATS;
import static io.rotatekv.kernels.simd.Lanes.LANES;

import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.RopeTable;
import jdk.incubator.vector.FloatVector;

/** Rotates the pair {@code (a, b)} to {@code (a cos - b sin, b cos + a sin)}. */
final class RopeKernel implements Rope {

  @Override
  public void rotate(float[] x, int offset, int heads, int position, RopeTable table) {
    int pairs = table.pairs();
    for (int head = 0; head < heads; head++) {
      int low = offset + head * 2 * pairs;
      rotateHalves(x, low, pairs, table.cos(), table.sin(), position * pairs);
    }
  }

  @Override
  public void rotateTile(float[] tile, int heads, int block, RopeTable table) {
    int half = table.pairs() * BLOCK_TOKENS;
    for (int head = 0; head < heads; head++) {
      rotateHalves(tile, head * 2 * half, half, table.tileCos(), table.tileSin(), block * half);
    }
  }

  /** Rotates {@code half} elements from {@code low} on with as many that follow them. */
  private static void rotateHalves(
      float[] x, int low, int half, float[] cos, float[] sin, int angle) {
    int whole = FLOATS.loopBound(half);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, low + i);
      FloatVector b = FloatVector.fromArray(FLOATS, x, low + half + i);
      FloatVector c = FloatVector.fromArray(FLOATS, cos, angle + i);
      FloatVector s = FloatVector.fromArray(FLOATS, sin, angle + i);
      b.neg().fma(s, a.mul(c)).intoArray(x, low + i);
      a.fma(s, b.mul(c)).intoArray(x, low + half + i);
    }
    for (int i = whole; i < half; i++) {
      float a = x[low + i];
      float b = x[low + half + i];
      float c = cos[angle + i];
      float s = sin[angle + i];
      x[low + i] = Math.fma(-b, s, a * c);
      x[low + half + i] = Math.fma(a, s, b * c);
    }
  }
}
