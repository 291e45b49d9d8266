package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;

/**
 * What codecs that centre do to a key before they rotate it: subtract the mean and turn it by RoPE
 * for its place in the block.
 */
final class KeyTurn {

  private final BlockRope rope;
  private final float[][] means; // by layer, (kvDim)

  KeyTurn(CodecContext context) {
    rope = context.rope();
    means = KeyMean.inModelBasis(context);
  }

  /** Centres and turns the key of a token, {@code (kvDim)}, in place. */
  void apply(int layer, int token, float[] key) {
    float[] mean = means[layer];
    for (int channel = 0; channel < key.length; channel++) {
      key[channel] -= mean[channel];
    }
    turn(token, 1f, key);
  }

  /** Undoes {@link #apply}. */
  void undo(int layer, int token, float[] key) {
    turn(token, -1f, key);
    float[] mean = means[layer];
    for (int channel = 0; channel < key.length; channel++) {
      key[channel] += mean[channel];
    }
  }

  /** Turns each pair, or with {@code direction} -1 turns it back. */
  private void turn(int token, float direction, float[] key) {
    int pairs = rope.pairs();
    for (int head = 0; head < key.length; head += 2 * pairs) {
      for (int pair = 0; pair < pairs; pair++) {
        float cos = rope.cos()[pair * BLOCK_TOKENS + token];
        float sin = rope.sin()[pair * BLOCK_TOKENS + token] * direction;
        float a = key[head + pair];
        float b = key[head + pairs + pair];
        key[head + pair] = a * cos - b * sin;
        key[head + pairs + pair] = b * cos + a * sin;
      }
    }
  }
}
