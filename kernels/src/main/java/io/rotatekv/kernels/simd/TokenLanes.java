package io.rotatekv.kernels.simd;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The shape in which codecs compute: one lane per token. A strip is a {@code (channels, LANES)}
 * array, in which transforms and groups need no shuffles.
 */
final class TokenLanes {

  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Tokens of a strip; it divides both the block and a step of 16. */
  static final int LANES = FLOATS.length();

  private TokenLanes() {}

  /** Whether vectors of this machine fit the block; else the scalar codecs do the work. */
  static boolean fit() {
    return LANES >= 4 && LANES <= 16 && INTS.length() == LANES && BLOCK_TOKENS % LANES == 0;
  }
}
