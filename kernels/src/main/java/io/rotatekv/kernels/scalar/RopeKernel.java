package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.ops.Rope;
import io.rotatekv.kernels.ops.RopeTable;

/** Rotates the pair {@code (a, b)} to {@code (a cos - b sin, b cos + a sin)}. */
final class RopeKernel implements Rope {

  @Override
  public void rotate(float[] x, int offset, int heads, int position, RopeTable table) {
    int pairs = table.pairs();
    for (int head = 0; head < heads; head++) {
      int low = offset + head * 2 * pairs;
      for (int i = 0; i < pairs; i++) {
        float cos = table.cos()[position * pairs + i];
        float sin = table.sin()[position * pairs + i];
        rotatePair(x, low + i, low + pairs + i, cos, sin);
      }
    }
  }

  @Override
  public void rotateTile(float[] tile, int heads, int block, RopeTable table) {
    int half = table.pairs() * BLOCK_TOKENS;
    for (int head = 0; head < heads; head++) {
      int low = head * 2 * half;
      for (int i = 0; i < half; i++) {
        float cos = table.tileCos()[block * half + i];
        float sin = table.tileSin()[block * half + i];
        rotatePair(tile, low + i, low + half + i, cos, sin);
      }
    }
  }

  private static void rotatePair(float[] x, int low, int high, float cos, float sin) {
    float a = x[low];
    float b = x[high];
    x[low] = Math.fma(-b, sin, a * cos);
    x[high] = Math.fma(a, sin, b * cos);
  }
}
