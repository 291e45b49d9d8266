package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import java.util.stream.IntStream;

/**
 * What codecs that centre do to a key before they rotate it: subtract the mean and turn it by RoPE
 * for its place in the block.
 */
final class KeyTurn {

  private final BlockRope rope;
  private final float[][] means; // by layer, (kvDim)

  KeyTurn(CodecContext context) {
    rope = context.rope();
    means =
        IntStream.range(0, context.shape().layers())
            .mapToObj(layer -> KeyMean.inModelBasis(context, layer))
            .toArray(float[][]::new);
  }

  /** Centres and turns the key of a token, {@code (kvDim)}, in place. */
  void apply(int layer, int token, float[] key) {
    float[] mean = means[layer];
    for (int channel = 0; channel < key.length; channel++) {
      key[channel] -= mean[channel];
    }
    int pairs = rope.pairs();
    for (int head = 0; head < key.length; head += 2 * pairs) {
      for (int pair = 0; pair < pairs; pair++) {
        float cos = rope.cos()[pair * BLOCK_TOKENS + token];
        float sin = rope.sin()[pair * BLOCK_TOKENS + token];
        float a = key[head + pair];
        float b = key[head + pairs + pair];
        key[head + pair] = a * cos - b * sin;
        key[head + pairs + pair] = b * cos + a * sin;
      }
    }
  }

  /** Undoes {@link #apply}. */
  void undo(int layer, int token, float[] key) {
    int pairs = rope.pairs();
    for (int head = 0; head < key.length; head += 2 * pairs) {
      for (int pair = 0; pair < pairs; pair++) {
        float cos = rope.cos()[pair * BLOCK_TOKENS + token];
        float sin = rope.sin()[pair * BLOCK_TOKENS + token];
        float a = key[head + pair];
        float b = key[head + pairs + pair];
        key[head + pair] = a * cos + b * sin;
        key[head + pairs + pair] = b * cos - a * sin;
      }
    }
    float[] mean = means[layer];
    for (int channel = 0; channel < key.length; channel++) {
      key[channel] += mean[channel];
    }
  }
}
