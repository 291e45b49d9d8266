package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static io.rotatekv.kernels.simd.TokenLanes.FLOATS;
import static io.rotatekv.kernels.simd.TokenLanes.LANES;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.scalar.KeyMean;
import jdk.incubator.vector.FloatVector;

/**
 * What codecs that centre do to keys before they rotate them: subtract the mean and turn them by
 * RoPE for their places in the block. A token per lane.
 */
final class StripTurn {

  private final BlockRope rope;
  private final float[][] means; // by layer, (kvDim)

  StripTurn(CodecContext context) {
    rope = context.rope();
    means = KeyMean.inModelBasis(context);
  }

  /**
   * Centres and turns a strip in place.
   *
   * @param token the strip's first token
   * @param strip {@code (kvDim, LANES)}
   */
  void apply(int layer, int token, float[] strip) {
    float[] mean = means[layer];
    int pairs = rope.pairs();
    for (int low = 0; low < mean.length; low += 2 * pairs) {
      for (int pair = 0; pair < pairs; pair++) {
        int at = (low + pair) * LANES;
        int other = at + pairs * LANES;
        FloatVector cos = FloatVector.fromArray(FLOATS, rope.cos(), pair * BLOCK_TOKENS + token);
        FloatVector sin = FloatVector.fromArray(FLOATS, rope.sin(), pair * BLOCK_TOKENS + token);
        FloatVector a = FloatVector.fromArray(FLOATS, strip, at).sub(mean[low + pair]);
        FloatVector b = FloatVector.fromArray(FLOATS, strip, other).sub(mean[low + pairs + pair]);
        a.mul(cos).sub(b.mul(sin)).intoArray(strip, at);
        b.mul(cos).add(a.mul(sin)).intoArray(strip, other);
      }
    }
  }

  /**
   * Undoes {@link #apply} on some channels of a whole block.
   *
   * @param first first channel, of a head; {@code count} channels, whole heads
   * @param tile {@code (kvDim, 64)}
   */
  void undo(int layer, int first, int count, float[] tile) {
    float[] mean = means[layer];
    int pairs = rope.pairs();
    for (int low = first; low < first + count; low += 2 * pairs) {
      for (int pair = 0; pair < pairs; pair++) {
        undo(pair, mean[low + pair], mean[low + pairs + pair], tile, (low + pair) * BLOCK_TOKENS);
      }
    }
  }

  private void undo(int pair, float mean, float otherMean, float[] tile, int from) {
    for (int token = 0; token < BLOCK_TOKENS; token += LANES) {
      int at = from + token;
      int other = at + rope.pairs() * BLOCK_TOKENS;
      FloatVector cos = FloatVector.fromArray(FLOATS, rope.cos(), pair * BLOCK_TOKENS + token);
      FloatVector sin = FloatVector.fromArray(FLOATS, rope.sin(), pair * BLOCK_TOKENS + token);
      FloatVector a = FloatVector.fromArray(FLOATS, tile, at);
      FloatVector b = FloatVector.fromArray(FLOATS, tile, other);
      a.mul(cos).add(b.mul(sin)).add(mean).intoArray(tile, at);
      b.mul(cos).sub(a.mul(sin)).add(otherMean).intoArray(tile, other);
    }
  }
}
